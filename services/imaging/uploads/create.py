"""A new upload from its request's headers; a wrong order is told before the first byte is sent."""

import re

from starlette.datastructures import Headers

from services.imaging.intake.order import ImagingOrder
from services.imaging.models import Upload
from services.imaging.uploads import protocol
from shared.auth import Actor
from shared.errors import Unreadable
from shared.ids import new_id
from shared.reading.schemas.sent_order import read_order

_GROUP = re.compile(r"[\x21-\x7e]{1,100}")
_COUNT = re.compile(r"[1-9][0-9]{0,4}")
_NAME_MAX = 255


def read_upload(actor: Actor, headers: Headers, most_bytes: int) -> Upload:
    """Raises Unreadable, TooLarge, and Invalid for the order."""
    length = protocol.length_of(headers, most_bytes)
    metadata = protocol.metadata_of(headers)
    order = metadata.get("order") or None
    if order is not None:
        read_order(ImagingOrder, order)
    group = _text(metadata, "case-group", _GROUP)
    count = _text(metadata, "case-files", _COUNT)
    return Upload(
        upload_id=new_id("upl"),
        clinic_id=actor.org_id,
        account_id=actor.account_id,
        account_name=actor.name,
        length_bytes=length,
        offset_bytes=0,
        metadata_text=headers.get("upload-metadata", "").strip(),
        file_name=_name(metadata.get("filename", b"")),
        order_json=order.decode() if order is not None else None,
        case_group=group,
        group_size=int(count) if count and group else None,
    )


def _text(metadata: dict[str, bytes], key: str, allowed: re.Pattern[str]) -> str | None:
    raw = metadata.get(key, b"")
    if not raw:
        return None
    text = raw.decode("ascii", "replace")
    if not allowed.fullmatch(text):
        raise Unreadable(f"Upload-Metadata 的 {key} 无效", code="tus_header")
    return text


def _name(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())[:_NAME_MAX]
