"""multipart/form-data (RFC 7578) as a push parser: one part ``order``, every other part a file.

Nothing here waits: ``feed`` parses, hashes and spools what it is given and belongs in a thread. Parts come in any
order; the order of a clinic's software often follows its files.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.errors import FieldProblem, Invalid, TooLarge, Unreadable, UnsupportedKind
from shared.web.upload.spool import Spool

ORDER_PART = "order"
ORDER_MAX_BYTES = 256 * 1024
_NAME_MAX = 255
_PLAIN_ENCODINGS = frozenset({b"", b"binary", b"8bit", b"7bit"})


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """The ``number``-th file of the upload (from 1): ``length`` bytes of the spool. ``name`` may be a patient's."""

    number: int
    name: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    order: bytes | None
    files: tuple[ReceivedFile, ...]


def boundary_of(content_type: str | None) -> bytes:
    """Raises UnsupportedKind for anything but multipart/form-data, Unreadable without a usable boundary."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise UnsupportedKind("请以 multipart/form-data 上传", extra={"supported": ["multipart/form-data"]})
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 200:
        raise Unreadable("Content-Type 缺少 boundary", code="multipart_broken")
    return boundary


class FormParser:
    """Raises Unreadable for broken framing, TooLarge for an order or a number of files over the limit."""

    def __init__(self, boundary: bytes, spool: Spool, *, max_files: int) -> None:
        self._spool = spool
        self._max_files = max_files
        self._order: bytes | None = None
        self._files: list[ReceivedFile] = []
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._order_part: bytearray | None = None
        self._name = ""
        self._start = 0
        self._digest = hashlib.sha256()
        self._is_whole = False
        callbacks: Any = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except (FormParserError, ValueError) as error:
            raise Unreadable("multipart 正文格式错误", code="multipart_broken") from error

    def finish(self) -> ReceivedForm:
        """What came. A body that ended before its last boundary was cut off on the way: Unreadable."""
        if not self._is_whole:
            raise Unreadable("multipart 正文不完整", code="multipart_broken")
        return ReceivedForm(self._order, tuple(self._files))

    def _on_part_begin(self) -> None:
        self._headers = {}
        self._field = self._value = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        if self._headers.get(b"content-transfer-encoding", b"").strip().lower() not in _PLAIN_ENCODINGS:
            raise Unreadable("不支持 Content-Transfer-Encoding 编码的分段", code="multipart_broken")
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name")
        if disposition != b"form-data" or name is None:
            raise Unreadable("分段缺少 Content-Disposition: form-data; name=…", code="multipart_broken")
        if name == ORDER_PART.encode():
            if self._order is not None:
                raise Invalid("order 分段出现了两次", errors=[FieldProblem("/order", "duplicate", "只能有一个 order")])
            self._order_part = bytearray()
            return
        if len(self._files) >= self._max_files:
            raise TooLarge(
                f"一次上传最多 {self._max_files} 个文件", code="too_many_files", extra={"limit_files": self._max_files}
            )
        self._order_part = None
        self._name = _readable_name(options.get(b"filename", b""))
        self._start = self._spool.size_bytes
        self._digest = hashlib.sha256()

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._order_part is None:
            chunk = memoryview(data)[start:end]
            self._digest.update(chunk)
            self._spool.append(chunk)
            return
        if len(self._order_part) + end - start > ORDER_MAX_BYTES:
            raise TooLarge(
                f"order 不得超过 {ORDER_MAX_BYTES} 字节", code="order_too_large", extra={"limit_bytes": ORDER_MAX_BYTES}
            )
        self._order_part += data[start:end]

    def _on_part_end(self) -> None:
        if self._order_part is not None:
            self._order = bytes(self._order_part)
            self._order_part = None
            return
        length = self._spool.size_bytes - self._start
        number = len(self._files) + 1
        self._files.append(ReceivedFile(number, self._name, self._start, length, self._digest.hexdigest()))

    def _on_end(self) -> None:
        self._is_whole = True


def _readable_name(raw: bytes) -> str:
    """Browsers send UTF-8, older Chinese Windows software GBK; control characters could not be stored."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    return "".join(character for character in text if character.isprintable())[:_NAME_MAX]
