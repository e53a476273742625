"""Text of a data set: (0008,0005) first, the clinic's default character set where that cannot be right.

Chinese devices often declare nothing, or ISO_IR 100, and write GBK. So (PS3.3 C.12.1.1.2 gives the declared terms):

- declared and valid: as declared; GBK and GB2312 are read by their superset GB18030;
- nothing (or ISO_IR 6, ISO_IR 100) declared and bytes above 0x7F: UTF-8 if they are UTF-8 and give Chinese, else the
  clinic's default if they are valid in it, else Latin-1. ``charset_assumed``;
- not valid in what is declared: the clinic's default, else UTF-8, else with gaps. ``charset_invalid``;
- escape sequences of ISO 2022 are followed whether declared or not: they are unmistakable.

Bytes become text before backslash, ``^`` and ``=`` divide them: the second byte of a GBK character may be 5C or 5E.
"""

import re
from collections.abc import Iterable

from pydicom.charset import CODES_TO_ENCODINGS, python_encoding

from services.imaging.parse.remark import Remark

_ESCAPE = b"\x1b"
_FRAGMENT = re.compile(rb"\x1b[^\x1b]*|[^\x1b]+")
_WEAK = frozenset({"", "ISO_IR 6", "ISO_IR 100", "ISO 2022 IR 6", "ISO 2022 IR 100"})
_ASCII_ONLY = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
_GB = frozenset({"GB18030", "GBK", "GB2312", "gb2312", "iso_ir_58"})
_KEEPS_ESCAPES = frozenset({"iso2022_jp", "iso2022_jp_2"})
_MULTIBYTE_G1 = frozenset({"gb18030", "euc_kr"})
# A Latin letter right before a pair whose second byte is a Latin letter: "Müller", hardly Chinese.
_LATIN_WORD = re.compile(rb"[A-Za-z][\x80-\xff][A-Za-z]")
_CODECS = {re.sub(r"[^A-Z0-9]", "", term.upper()): codec for term, codec in python_encoding.items()}
_CODECS |= {"UTF8": "UTF8", "GB2312": "GB2312", "ISO2022GB2312": "GB2312", "ISOIR58": "iso_ir_58"}


def codec_of(term: str) -> str | None:
    """Python's codec for a defined term, however it is spelt (``ISO-IR 192``, ``iso_ir_192``)."""
    codec = _CODECS.get(re.sub(r"[^A-Z0-9]", "", term.upper()))
    return "gb18030" if codec in _GB else codec


def _codec_among(term: str, declared: tuple[str, ...]) -> str | None:
    """Beside other terms the default repertoire (PS3.3 C.12.1.1.2: an empty value is ISO 2022 IR 6) is ASCII alone:
    a byte above 0x7F without its escape then belongs to one of the others, and writers do forget the escape."""
    return "ascii" if len(declared) > 1 and term.strip() in _ASCII_ONLY else codec_of(term)


class TextDecoder:
    """Decodes the values of one data set. ``remarks`` and ``assumed`` tell afterwards what had to be guessed."""

    def __init__(self, declared: Iterable[str], default_charset: str | None, remarks: set[Remark]) -> None:
        self.declared = tuple(declared)
        self.default_charset = default_charset
        self.assumed: str | None = None
        self._remarks = remarks
        known = [codec for codec in (_codec_among(term, self.declared) for term in self.declared) if codec]
        if len(known) < len(self.declared):
            remarks.add(Remark.CHARSET_UNKNOWN)
        self._weak = not known or all(term.strip() in _WEAK for term in self.declared)
        self._known = known or ["latin_1"]
        self._default = codec_of(default_charset) if default_charset else None

    def item(self, declared: Iterable[str]) -> "TextDecoder":
        """The decoder of a sequence item that declares a character set of its own."""
        return TextDecoder(declared, self.default_charset, self._remarks)

    def decode(self, raw: bytes) -> str:
        if raw.isascii() and _ESCAPE not in raw:
            return raw.decode("ascii")
        if _ESCAPE in raw:
            text = self._escaped(raw)
            if text is not None:
                return text
        return self._weakly(raw) if self._weak else self._declared(raw)

    def _declared(self, raw: bytes) -> str:
        # The first term holds without escapes; a few writers forget the escape before Chinese.
        for codec in self._known:
            text = _strict(raw, codec)
            if text is not None:
                return text
        self._remarks.add(Remark.CHARSET_INVALID)
        for guess in (self._default, "utf-8"):
            text = _strict(raw, guess) if guess else None
            if guess and text is not None:
                return self._guess(text, guess)
        return raw.decode(self._default or self._known[0], "replace")

    def _weakly(self, raw: bytes) -> str:
        latin_declared = any(term.strip() for term in self.declared)
        text = _strict(raw, "utf-8")
        if text is not None and any(c >= "\u2e80" for c in text):
            return self._guess(text, "utf-8")
        if self._default and not (latin_declared and _LATIN_WORD.search(raw)):
            by_default = _strict(raw, self._default)
            if by_default is not None:
                return self._guess(by_default, self._default)
        if text is not None and not latin_declared:
            return self._guess(text, "utf-8")
        if not latin_declared:
            self._remarks.add(Remark.CHARSET_INVALID)
        return raw.decode("latin_1")

    def _guess(self, text: str, codec: str) -> str:
        self._remarks.add(Remark.CHARSET_ASSUMED)
        self.assumed = "ISO_IR 192" if codec.lower().replace("-", "") == "utf8" else self.default_charset
        return text

    def _escaped(self, raw: bytes) -> str | None:
        """ISO 2022 code extensions (PS3.5 6.1.2.5); None where they lead nowhere."""
        first = self._known[0]
        current = first
        pieces: list[str] = []
        for fragment in _FRAGMENT.findall(raw):
            skip = 0
            codec = current
            if fragment.startswith(_ESCAPE):
                codec, skip = _designated(fragment, current)
                if not codec:
                    return None
                current = codec
            piece = _strict(fragment[skip:], codec)
            if piece is None:
                return None
            pieces.append(piece)
        return "".join(pieces)


def _designated(fragment: bytes, current: str) -> tuple[str, int]:
    """The codec an escape sequence switches to, and how many of its bytes the codec does not want to see."""
    for length in (4, 3):
        codec = CODES_TO_ENCODINGS.get(fragment[:length])
        if codec is None:
            continue
        if codec in _KEEPS_ESCAPES:
            return codec, 0
        if fragment[:length] == b"\x1b(B" and current in _MULTIBYTE_G1:
            return current, length  # G0 goes back to ASCII, G1 stays designated
        return ("gb18030" if codec == "iso_ir_58" else codec), length
    return "", 0


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None
