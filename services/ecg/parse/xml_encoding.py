"""Which encoding an XML file is in. Carts declare one and write another; expat knows only four of them."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from services.ecg.parse.refusal import RefusalCode, Refused

_PIECE = 1 << 20
_HEAD = 1 << 14
_WHITE = " \t\r\n"
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_HIGH = re.compile(rb"[\x80-\xff]{1,200}")
_HANZI = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
_LATIN = {"iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252"}
_GB = {"gbk", "gb2312", "gb18030", "gb_2312-80", "cp936", "windows-936", "x-gbk", "euc-cn"}
_UTF_8 = {
    "",
    "utf-8",
    "utf8",
    "utf-16",
    "utf16",
    "unicode",
}  # bytes that are not UTF-16 although declared: .NET does it
_OTHERS = {"big5": "big5", "iso-8859-15": "iso8859-15", "iso-8859-2": "iso8859-2", "windows-1250": "cp1250"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """``assumed``: not what the file declares, found from its bytes."""

    codec: str
    assumed: bool = False
    errors: str = "strict"


def encoding_of(data: bytes) -> Encoding:
    """Raises Refused(format_unsupported) for an encoding that is declared and unknown."""
    wide = _wide(data)
    if wide:
        return Encoding(wide)
    if data.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig", errors="replace")
    match = _DECLARED.match(data[:_HEAD])
    declared = match.group(1).decode("ascii").lower() if match else ""
    if declared in _GB:
        return Encoding("gb18030", errors="replace")
    if declared in _OTHERS:
        return Encoding(_OTHERS[declared], errors="replace")
    if declared not in _UTF_8 and declared not in _LATIN:
        raise Refused(RefusalCode.format_unsupported, "XML 声明的字符编码无法识别，请以 UTF-8 导出。")
    if data.isascii():
        return Encoding("utf-8")
    if _is_utf_8(data):
        return Encoding("utf-8", assumed=declared in _LATIN)
    if _is_hanzi(data):
        return Encoding("gb18030", assumed=True, errors="replace")
    return Encoding("cp1252", errors="replace") if declared in _LATIN else Encoding("utf-8", True, "replace")


def decoded(data: bytes, encoding: Encoding) -> Iterator[bytes]:
    """The text as UTF-8 in pieces of a megabyte, without a byte order mark or white space before the first tag."""
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    end = len(data) if encoding.codec.startswith("utf-16") else len(data.rstrip(b"\0\x1a \t\r\n"))
    before_the_first = True
    for start in range(0, end, _PIECE):
        try:
            text = decoder.decode(data[start : min(start + _PIECE, end)], start + _PIECE >= end)
        except UnicodeDecodeError as error:
            raise Refused(RefusalCode.format_broken, "XML 的字符编码已损坏，请从心电图机重新导出。") from error
        if before_the_first:
            text = text.lstrip("\ufeff" + _WHITE)
            before_the_first = not text
        yield text.encode("utf-8", "replace")


def head_text(data: bytes) -> str:
    """The first kilobytes as text, well enough to find a tag in them."""
    head = data[:_HEAD]
    return head.decode(_wide(data) or "latin-1", "ignore").removeprefix("ï»¿").lstrip("\ufeff" + _WHITE)


def _wide(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(data[:2], "")


def _is_utf_8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE])
    except UnicodeDecodeError:
        return False
    return True


def _is_hanzi(data: bytes) -> bool:
    """Whether all that is not ASCII comes in pairs of GB 2312: two accented letters hardly ever stand together."""
    return all(_HANZI.fullmatch(run.group()) for run in islice(_HIGH.finditer(data), 1000))
