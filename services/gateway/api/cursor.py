"""Cursors: opaque to clients, stable between releases. What does not decode is the client's fault, never a 500."""

import base64
import binascii
import json
from datetime import UTC, datetime

from shared.errors import FieldProblem, Invalid

# Beyond them a database's driver cannot follow.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def encode(*parts: str | int) -> str:
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(cursor: str, *kinds: type[str] | type[int], pointer: str) -> list[str | int]:
    """The parts, of just these types. Raises Invalid (``bad_cursor``) that names the parameter."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise refused(pointer) from error
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise refused(pointer)
    if any(type(part) is int and not 0 <= part < 2**62 for part in parts):
        raise refused(pointer)
    return parts


def decode_queue(cursor: str) -> tuple[int, datetime, str]:
    """Where a page of the worklist ended: priority, due, case."""
    rank, due, case_id = decode(cursor, int, str, str, pointer="/query/cursor")
    return min(int(rank), 9), moment(str(due)), _storable(str(case_id))


def decode_day(cursor: str) -> tuple[datetime, str]:
    opened, case_id = decode(cursor, str, str, pointer="/query/cursor")
    return moment(str(opened)), _storable(str(case_id))


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise refused("/query/cursor") from error
    if found.tzinfo is None or not _EARLIEST <= found <= _LATEST:
        raise refused("/query/cursor")
    return found


def refused(pointer: str) -> Invalid:
    return Invalid("游标无效，请从头读取", code="bad_cursor", errors=[FieldProblem(pointer, "bad_cursor", "游标无效")])


def _storable(text: str) -> str:
    if not text.isascii() or "\x00" in text:
        raise refused("/query/cursor")
    return text
