"""The headers of tus 1.0, read strictly: a client that errs here would lose bytes."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.datastructures import Headers

from shared.errors import GongzhenError, PreconditionFailed, TooLarge, Unreadable, UnsupportedKind

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
OFFSET_TYPE = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
_METADATA_MAX = 512 * 1024  # uvicorn's own limit of a request's head is lower
# sha1 is what every server must know (tus 1.0, checksum); here it guards against a bad line, not against people.
_ALGORITHMS: dict[str, Callable[[], Any]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
}
ALGORITHMS = ",".join(_ALGORITHMS)


class ChecksumMismatch(GongzhenError):
    status = 460
    default_code = "checksum_mismatch"
    title = "校验和不符，这一段未被接收"


@dataclass(slots=True)
class Checksum:
    """Of the bytes of one request."""

    state: Any
    expected: bytes

    def update(self, data: bytes) -> None:
        self.state.update(data)

    @property
    def holds(self) -> bool:
        return bool(self.state.digest() == self.expected)


def require_version(headers: Headers) -> None:
    if headers.get("tus-resumable") != VERSION:
        raise PreconditionFailed("请使用 tus 1.0.0", code="tus_version", extra={"versions": [VERSION]})


def number(headers: Headers, name: str) -> int:
    """Raises Unreadable for a header that is missing or no number."""
    text = headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise Unreadable(f"{name} 缺失或不是数字", code="tus_header")
    return int(text)


def length_of(headers: Headers, most_bytes: int) -> int:
    """Upload-Length. One that is told later (``Upload-Defer-Length``) could hold no place in the clinic's quota."""
    length = number(headers, "upload-length")
    if length > most_bytes:
        raise TooLarge(
            f"一次上传不得超过 {most_bytes} 字节", code="upload_too_large", extra={"limit_bytes": most_bytes}
        )
    return length


def require_offset_type(headers: Headers) -> None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != OFFSET_TYPE:
        raise UnsupportedKind(f"请以 {OFFSET_TYPE} 上传", extra={"supported": [OFFSET_TYPE]})


def metadata_of(headers: Headers) -> dict[str, bytes]:
    """Upload-Metadata: ``key base64,key base64``; a key alone has an empty value."""
    text = headers.get("upload-metadata", "").strip()
    found: dict[str, bytes] = {}
    if len(text) > _METADATA_MAX:
        raise Unreadable("Upload-Metadata 过长", code="tus_header")
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise Unreadable("Upload-Metadata 的键为空、重复或含有空格", code="tus_header")
        found[key] = _decoded(value.strip())
    return found


def checksum_of(headers: Headers) -> Checksum | None:
    header = headers.get("upload-checksum")
    if header is None:
        return None
    name, _, value = header.strip().partition(" ")
    algorithm = _ALGORITHMS.get(name.lower())
    if algorithm is None:
        raise Unreadable("不支持的校验算法", code="tus_checksum_unknown", extra={"supported": list(_ALGORITHMS)})
    return Checksum(algorithm(), _decoded(value.strip()))


def expires(moment: datetime) -> str:
    """RFC 9110 5.6.7."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("请求头中的 base64 错误", code="tus_header") from None
