"""From bytes to text: what the message declares (HL7 table 0211), what the sender is known to use, what the bytes say.

MSH-18 is often wrong: analyzers write ``ASCII`` over GBK names and ``UNICODE`` over UTF-8 (Mindray's manuals mean UTF-8
by it). A declaration that the bytes contradict is dropped and the message carries the remark ``charset_assumed``.
"""

from dataclasses import dataclass

from services.lab.parse.message import RejectCode, Rejected
from shared.chinese import JUDGED, chinese

CODECS = {
    "": "ascii",
    "ASCII": "ascii",
    "ISOIR6": "ascii",
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "ISOIR192": "utf-8",
    "GB180302000": "gb18030",
    "GB18030": "gb18030",
    "GBK": "gb18030",  # GB 18030 reads all of GBK and GB 2312
    "GB2312": "gb18030",
    "CNS116431992": "euc_tw",
    "BIG5": "big5",
    **{f"8859{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15)},
    **{f"ISO8859{part}": f"iso8859-{part}" for part in (1, 2, 15)},
    "8859/1": "iso8859-1",
}
ASSUMED = "charset_assumed"


@dataclass(frozen=True, slots=True)
class Decoded:
    """``charset`` is the codec's name; ``remarks`` say what was forgiven."""

    text: str
    charset: str
    remarks: tuple[str, ...] = ()


def codec_of(declared: str) -> str | None:
    """``GB 18030-2000`` → ``gb18030``; None for a name that no table has."""
    name = declared.upper().replace(" ", "").replace("-", "").replace("_", "").replace("/", "")
    return CODECS.get(name)


def decode(raw: bytes, declared: str = "", default: str | None = None) -> Decoded:
    """``default`` is the sender's setting. Raises Rejected where a declared set is unknown and the bytes need it."""
    raw, remarks = _without_nul(raw.removeprefix(b"\xef\xbb\xbf"))
    if raw.isascii():
        return Decoded(raw.decode("ascii"), "ascii", remarks)
    named = codec_of(declared)
    # A declaration of ASCII over other bytes says nothing; the setting of the sender then counts as a declaration.
    codec = codec_of(default) or default if default and named in (None, "ascii") else named
    if codec not in (None, "ascii") and not _contradicted(raw, codec):
        text = _strict(raw, codec)
        if text is not None:
            lied = named is None or (named == "ascii" and declared != "")
            return Decoded(text, codec, (*remarks, ASSUMED) if lied else remarks)
    text, guess = _guess(raw, default)
    if text is None:
        if named is None:
            raise Rejected(RejectCode.charset, "无法识别报文声明的字符集，请在仪器或发送方设置中改为 UTF-8 或 GB18030")
        return Decoded(raw.decode("iso8859-1"), "iso8859-1", (*remarks, ASSUMED))
    return Decoded(text, guess, (*remarks, ASSUMED))


def _guess(raw: bytes, default: str | None) -> tuple[str | None, str]:
    for codec in ("utf-8", codec_of(default) or default if default else None):
        if codec and codec != "ascii" and (text := _strict(raw, codec)) is not None:
            return text, codec
    return chinese(raw), "gb18030"


def _contradicted(raw: bytes, codec: str) -> bool:
    """UTF-8 under the name of another set. Two bytes that fit may be chance; two whole Chinese characters are not."""
    if codec == "utf-8":
        return False
    text = _strict(raw, "utf-8")
    if text is None:
        return codec.startswith("iso8859") and chinese(raw) is not None
    high = [character for character in text[:JUDGED] if not character.isascii()]
    return codec.startswith("iso8859") or (len(high) > 1 and all(character >= "\u2000" for character in high))


def _without_nul(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """NUL is padding of serial converters and cannot be stored as text."""
    return (raw.replace(b"\0", b""), ("nul_removed",)) if b"\0" in raw else (raw, ())


def _strict(raw: bytes, codec: str | None) -> str | None:
    try:
        return raw.decode(codec or "ascii")
    except (UnicodeDecodeError, LookupError):
        return None
