"""Messages arrive: read, stored as they came, and only then acknowledged; what they say is applied afterwards.

However many come at once, storing them is one transaction: what an analyzer is told it may forget lies on disk.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.lab.intake.read import Protocol, is_large, read
from services.lab.models import ReceivedMessage
from services.lab.parse.message import Message, RejectCode, Rejected
from services.lab.queries import messages
from shared.db import Database, Session
from shared.ids import new_id

_REFUSED = frozenset({RejectCode.not_hl7, RejectCode.unsupported, RejectCode.charset, RejectCode.too_large})


@dataclass(frozen=True, slots=True)
class Source:
    """Where a message comes from. ``sender``: for those that do not name themselves. ``case_id``: it came with that
    case's order, and is told from others by the case: two clinics' software may well have one name."""

    laboratory_id: str
    account_id: str
    sender: str
    address: str = ""
    charset: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Arriving:
    protocol: Protocol
    raw: bytes
    source: Source


class Verdict(StrEnum):
    """stored: new · known: stored before · conflict: another message under the same id · refused: cannot be read ·
    nothing: neither results nor anything else to keep (a query, an acknowledgement)."""

    stored = "stored"
    known = "known"
    conflict = "conflict"
    refused = "refused"
    nothing = "nothing"


@dataclass(frozen=True, slots=True)
class Arrived:
    """``message`` None: the bytes could not be read, ``error`` says why."""

    verdict: Verdict
    raw: bytes
    message: Message | None = None
    message_id: str | None = None
    error: Rejected | None = None

    @property
    def code(self) -> str:
        """MSA-1."""
        if self.verdict is Verdict.conflict:
            return "AE"
        if self.error is not None:
            return "AR" if self.error.code in _REFUSED else "AE"
        return "AA"


async def receive(db: Database, arriving: Sequence[Arriving]) -> list[list[Arrived]]:
    """For each of ``arriving`` what became of the messages in it; all of it durable when it returns."""
    read_in = [await read_one(each) for each in arriving]
    async with db.transaction() as session:
        return await store(session, arriving, read_in)


async def read_one(each: Arriving) -> list[Message] | Rejected:
    """Large ones in a thread."""

    def reading() -> list[Message] | Rejected:
        source = each.source
        try:
            return read(
                each.protocol,
                each.raw,
                default_charset=source.charset,
                sender=source.sender,
                operator=source.account_id,
            )
        except Rejected as error:
            return error

    return await asyncio.to_thread(reading) if is_large(each.raw) else reading()


async def store(
    session: Session, arriving: Sequence[Arriving], read_in: Sequence[list[Message] | Rejected]
) -> list[list[Arrived]]:
    rows: list[dict[str, Any]] = []
    drafts: list[list[_Draft]] = []
    for each, found in zip(arriving, read_in, strict=True):
        if isinstance(found, Rejected):
            own = [_Draft.of_refused(each, found, each.raw)]
        else:
            own = [_Draft.of(each, message) for message in found]
        drafts.append(own)
        rows += [draft.row for draft in own if draft.row is not None]
    new = set(await messages.store(session, _distinct(rows)))
    old = [_key(row) for row in rows if row["message_id"] not in new]
    known = await messages.known(session, old) if old else {}
    told = [[_told(draft, new, known) for draft in own] for own in drafts]
    conflicts = [each[1] for own in told for each in own if each[1] is not None]
    await messages.store(session, _distinct(conflicts))
    return [[arrived for arrived, _ in own] for own in told]


@dataclass(frozen=True, slots=True)
class _Draft:
    row: dict[str, Any] | None
    raw: bytes
    message: Message | None = None
    error: Rejected | None = None

    @classmethod
    def of(cls, each: Arriving, message: Message) -> "_Draft":
        if message.refused_as is not None:
            error = Rejected(message.refused_as, "批量文件中的这一条报文无法读取", message.message_id)
            return cls.of_refused(each, error, message.raw)
        if not message.groups:
            return cls(None, message.raw, message)
        sha256 = hashlib.sha256(message.raw).hexdigest()
        row = _row(each, message.raw, sha256) | {
            "sender": each.source.sender if each.source.case_id else message.sender or each.source.sender,
            "identity": _identity(message) or f"sha256:{sha256}",
            "control_id": message.message_id,
            "kind": message.kind,
            "charset": message.charset,
            "remarks": list(message.remarks),
            "state": "received",
        }
        return cls(row, message.raw, message)

    @classmethod
    def of_refused(cls, each: Arriving, error: Rejected, raw: bytes) -> "_Draft":
        row = _row(each, raw, hashlib.sha256(raw).hexdigest())
        return cls(row | {"error_code": str(error.code), "error_detail": error.detail}, raw, error=error)


def _identity(message: Message) -> str:
    """Empty where the sender gives none. Analyzers count from 1 again each time they are switched on: with the moment
    of another message (MSH-7, H-14) the id is another message's."""
    if message.message_id and message.sent_at and message.protocol in ("hl7", "astm"):
        return f"{message.message_id}@{message.sent_at.isoformat()}"
    return message.message_id


def _row(each: Arriving, raw: bytes, sha256: str) -> dict[str, Any]:
    """As of a message that could not be read."""
    source = each.source
    return {
        "message_id": new_id("msg"),
        "laboratory_id": source.laboratory_id,
        "sender": source.sender,
        "identity": f"sha256:{sha256}",
        "control_id": "",
        "protocol": str(each.protocol),
        "kind": "",
        "charset": source.charset or "",
        "remarks": [],
        "raw": raw,
        "sha256": sha256,
        "size_bytes": len(raw),
        "case_id": source.case_id,
        "file_sha256": hashlib.sha256(each.raw).hexdigest() if source.case_id else None,
        "account_id": source.account_id,
        "address": source.address,
        "state": "rejected",
        "error_code": None,
        "error_detail": None,
    }


def _told(
    draft: _Draft, new: set[str], known: dict[tuple[str, str, str], ReceivedMessage]
) -> tuple[Arrived, dict[str, Any] | None]:
    """The answer, and the row of a message that contradicts an earlier one: kept as well, though not applied."""
    row = draft.row
    if row is None:
        return Arrived(Verdict.nothing, draft.raw, draft.message), None
    if draft.error is not None:
        return Arrived(Verdict.refused, draft.raw, message_id=row["message_id"], error=draft.error), None
    if row["message_id"] in new:
        return Arrived(Verdict.stored, draft.raw, draft.message, row["message_id"]), None
    before = known.get(_key(row))
    if before is None or before.sha256 == row["sha256"]:
        return Arrived(Verdict.known, draft.raw, draft.message, before.message_id if before else None), None
    error = Rejected(RejectCode.broken, "同一报文号已收到过内容不同的报文", row["control_id"])
    kept = row | {
        "identity": f"{row['identity']}#{row['sha256']}",
        "state": "rejected",
        "error_code": "message_id_reused",
        "error_detail": error.detail,
    }
    return Arrived(Verdict.conflict, draft.raw, draft.message, before.message_id, error), kept


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["laboratory_id"], row["sender"], row["identity"]


def _distinct(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of each identity, in its place: one statement must not meet its own rows, and a correction must not
    come to stand before what it corrects."""
    first: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        first.setdefault(_key(row), row)
    return list(first.values())
