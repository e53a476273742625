"""The character sets of SCP texts, and Chinese written without saying so."""

from services.ecg.parse.refusal import Remark
from shared.chinese import chinese, strict

# Byte 17 of tag 14 (EN 1064 table of language support codes); Latin-1 where bit 0 alone is set.
LATIN_1 = "latin-1"
_CODECS = {
    0x01: LATIN_1, 0x03: "iso8859_2", 0x0B: "iso8859_4", 0x13: "iso8859_5", 0x1B: "iso8859_6", 0x23: "iso8859_7",
    0x2B: "iso8859_8", 0x33: "iso8859_11", 0x3B: "iso8859_15", 0x07: "utf-16-le", 0x0F: "shift_jis", 0x17: "euc_jp",
    0x1F: "euc_jp", 0x27: "gb18030", 0x2F: "cp949", 0x37: "utf-8",
}  # fmt: skip


class Texts:
    """Decodes the texts of one file and gathers ``charset_assumed``."""

    def __init__(self, language: int | None) -> None:
        self._declared = _CODECS.get(language or 0)
        self.remarks: set[Remark] = set()

    def decode(self, value: bytes) -> str:
        """Up to the first NUL. ASCII and what is declared are taken by their word, but for Latin-1, which carts declare
        while they write UTF-8 or GBK."""
        if self._declared == "utf-16-le":
            return self._wide(value)
        value = value.split(b"\0", 1)[0]
        if value.isascii():
            return value.decode("ascii").strip()
        if self._declared in (None, LATIN_1):
            text = strict(value, "utf-8") or chinese(value)
            if text is not None:
                self.remarks.add(Remark.charset_assumed)
                return text.strip()
        text = strict(value, self._declared) if self._declared else None
        if text is None:
            self.remarks.add(Remark.charset_assumed)
            text = value.decode(LATIN_1)
        return text.strip()

    def _wide(self, value: bytes) -> str:
        whole = value[: len(value) // 2 * 2].removeprefix(b"\xff\xfe")
        return whole.decode("utf-16-le", errors="replace").split("\0", 1)[0].strip()
