"""Bytes to messages, by what their sender says they are."""

from enum import StrEnum

from pydantic import ValidationError

from services.lab.models import ReceivedMessage
from services.lab.parse.astm_records import read_astm
from services.lab.parse.fhir import read_fhir
from services.lab.parse.hl7 import read_hl7
from services.lab.parse.manual import ManualResults, read_manual
from services.lab.parse.message import Message, RejectCode, Rejected

_ENQ, _STX = b"\x05", b"\x02"
_LARGE = 64 * 1024


class Protocol(StrEnum):
    hl7 = "hl7"
    astm = "astm"
    fhir = "fhir"
    json = "json"


_KINDS = {
    "x-application/hl7-v2+er7": Protocol.hl7,
    "application/hl7-v2": Protocol.hl7,
    "application/edi-hl7": Protocol.hl7,
    "application/fhir+json": Protocol.fhir,
    "application/json+fhir": Protocol.fhir,
    "application/astm": Protocol.astm,
    "text/x-astm": Protocol.astm,
}
MEDIA_TYPES = [*_KINDS, "text/plain", "application/json"]


def protocol_of(content_type: str, raw: bytes) -> Protocol | None:
    """By the media type; text, JSON and files without one by their first bytes. None for neither."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _KINDS:
        return _KINDS[kind]
    head = raw.lstrip(b"\xef\xbb\xbf \t\r\n\x0b\x00")[:65536]
    if kind == "application/json" or (kind != "text/plain" and head.startswith(b"{")):
        return Protocol.fhir if b'"resourceType"' in head else Protocol.json
    if head.startswith(b"{"):
        return Protocol.fhir
    if head.startswith((_ENQ, _STX, b"H|", b"H\\")) or (head[:1] in b"123456789" and head[1:3] == b"H|"):
        return Protocol.astm
    if kind in ("text/plain", "application/octet-stream", ""):
        return Protocol.hl7
    return None


def read(protocol: Protocol, raw: bytes, *, default_charset: str | None, sender: str, operator: str) -> list[Message]:
    """``sender`` and ``operator`` for values typed in by hand. Raises Rejected."""
    match protocol:
        case Protocol.hl7:
            return read_hl7(raw, default_charset=default_charset)
        case Protocol.astm:
            return read_astm(raw, default_charset=default_charset)
        case Protocol.fhir:
            return [read_fhir(raw)]
        case Protocol.json:
            return [_read_json(raw, sender, operator)]


def read_again(row: ReceivedMessage) -> Message:
    """A stored message; raises Rejected where today's reader no longer takes it."""
    return read(
        Protocol(row.protocol), row.raw, default_charset=row.charset or None, sender=row.sender, operator=row.account_id
    )[0]


def is_large(raw: bytes) -> bool:
    """Worth a thread of its own."""
    return len(raw) > _LARGE


def _read_json(raw: bytes, sender: str, operator: str) -> Message:
    try:
        return read_manual(ManualResults.model_validate_json(raw), sender, operator)
    except ValidationError as error:
        places = "、".join("/".join(map(str, item["loc"])) for item in error.errors(include_input=False)[:5])
        raise Rejected(RejectCode.broken, f"JSON 内容不符合要求：{places[:200]}") from None
