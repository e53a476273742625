"""multipart/related as a push parser (RFC 2046 5.1, RFC 2387): every part's bytes go to the spool, its place is kept.

Boundaries alone divide: a part's own Content-Length is neither needed nor believed. What python-multipart's parser
would refuse is taken here, since senders of images really write it: a preamble, blanks behind a boundary, parts
without headers, empty parts whose one line break serves twice.
"""

from dataclasses import dataclass
from enum import Enum, auto

from python_multipart.multipart import parse_options_header

from shared.errors import TooLarge, Unreadable
from shared.web.upload.spool import Spool

_HEADERS_MAX_BYTES = 16 * 1024
_PADDING_MAX_BYTES = 256
_BLANKS = b" \t"
_PLAIN_ENCODINGS = frozenset({"", "binary", "8bit", "7bit"})


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """Part ``number`` (from 1) is ``length`` bytes of the spool; ``media_type`` without parameters, "" where absent."""

    number: int
    media_type: str
    offset: int
    length: int


class _At(Enum):
    preamble = auto()
    headers = auto()
    body = auto()
    epilogue = auto()


class RelatedParser:
    """Raises Unreadable for broken framing, TooLarge for more than ``max_parts``. ``feed`` blocks: call it in a thread.

    ``_rest`` begins, at preamble and body, where the next boundary may begin; at the headers it begins with the line
    break that ended the boundary's line, so that a part without headers ends them like any other.
    """

    def __init__(self, boundary: bytes, spool: Spool, *, max_parts: int) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._spool = spool
        self._max_parts = max_parts
        self._at = _At.preamble
        self._rest = b"\r\n"  # a body may begin with its first boundary
        self._skip = 0  # bytes of ``_rest`` that are no data: the line break behind the headers
        self._media_type = ""
        self._start = 0
        self._parts: list[ReceivedPart] = []

    def feed(self, data: bytes) -> None:
        buffer, position = self._rest + data, 0
        while self._at is not _At.epilogue:
            step = self._headers if self._at is _At.headers else self._data
            behind = step(buffer, position)
            if behind is None:
                return
            position = behind
        self._rest = b""

    def finish(self) -> tuple[ReceivedPart, ...]:
        """What came. A body that ended before its last boundary was cut off on the way: Unreadable."""
        if self._at is not _At.epilogue:
            raise Unreadable("multipart 正文不完整", code="multipart_broken")
        return tuple(self._parts)

    def _data(self, buffer: bytes, position: int) -> int | None:
        """Preamble or body up to the next boundary; answers where its line ends, None when more bytes are needed."""
        search = position
        while True:
            found = buffer.find(self._delimiter, search)
            if found < 0:
                self._wait(buffer, position, max(len(buffer) - len(self._delimiter) + 1, search))
                return None
            behind = found + len(self._delimiter)
            if buffer[behind : behind + 2] == b"--":
                self._end_part(buffer, position, found)
                self._at = _At.epilogue
                return behind
            line_end = buffer.find(b"\r\n", behind, behind + _PADDING_MAX_BYTES)
            if line_end >= 0 and not buffer[behind:line_end].strip(_BLANKS):
                self._end_part(buffer, position, found)
                self._at = _At.headers
                return line_end
            tail = buffer[behind : behind + _PADDING_MAX_BYTES]
            if line_end < 0 and len(tail) < _PADDING_MAX_BYTES and _may_go_on(tail):
                self._wait(buffer, position, found)
                return None
            search = found + 1  # the boundary's letters, but as the beginning of a longer word

    def _headers(self, buffer: bytes, position: int) -> int | None:
        end = buffer.find(b"\r\n\r\n", position)
        if (len(buffer) if end < 0 else end) - position > _HEADERS_MAX_BYTES:
            raise Unreadable("multipart 分段头过长", code="multipart_broken")
        if end < 0:
            self._rest = buffer[position:]
            return None
        if len(self._parts) >= self._max_parts:
            raise TooLarge(
                f"一次上传最多 {self._max_parts} 个分段", code="too_many_files", extra={"limit_files": self._max_parts}
            )
        self._media_type = _media_type_of(buffer[position:end])
        self._start = self._spool.size_bytes
        self._at, self._skip = _At.body, 2
        return end + 2

    def _wait(self, buffer: bytes, position: int, keep_from: int) -> None:
        """All before ``keep_from`` is surely data."""
        keep_from = max(keep_from, position)
        if keep_from >= position + self._skip:
            self._put(buffer, position, keep_from)
            self._skip = 0
        else:
            keep_from = position
        self._rest = buffer[keep_from:]

    def _put(self, buffer: bytes, position: int, end: int) -> None:
        start = position + self._skip
        if self._at is _At.body and end > start:
            self._spool.append(memoryview(buffer)[start:end])

    def _end_part(self, buffer: bytes, position: int, end: int) -> None:
        self._put(buffer, position, end)
        self._skip = 0
        if self._at is _At.body:
            length = self._spool.size_bytes - self._start
            self._parts.append(ReceivedPart(len(self._parts) + 1, self._media_type, self._start, length))


def _may_go_on(tail: bytes) -> bool:
    """Whether what follows the boundary so far may become the rest of its line."""
    blank = tail.rstrip(b"\r").strip(_BLANKS) == b"" and tail.count(b"\r") <= 1
    return blank or tail == b"-"


def _media_type_of(raw: bytes) -> str:
    """Of a part's headers, in any order and case, continued lines joined (RFC 5322 2.2.3)."""
    fields: dict[str, bytes] = {}
    for line in raw.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.strip().decode("latin-1").lower(), value.strip())
    encoding = fields.get("content-transfer-encoding", b"").decode("latin-1").lower()
    if encoding not in _PLAIN_ENCODINGS:
        raise Unreadable("不支持 Content-Transfer-Encoding 编码的分段", code="multipart_broken")
    media_type, _ = parse_options_header(fields.get("content-type", b"").decode("latin-1"))
    return media_type.decode("latin-1")
