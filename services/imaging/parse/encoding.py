"""How a transfer syntax lays out a data set (PS3.5 Annex A), and which VR a tag has where the file does not say."""

from functools import lru_cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
_DEFLATED_TOO = frozenset({"1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})  # JPIP, HTJ2K JPIP

_NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG})
# MPEG-2, MPEG-4 and HEVC put all frames into one stream of fragments (PS3.5 A.4.5 and following).
_VIDEO = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109)) | frozenset(
    f"1.2.840.10008.1.2.4.{n}.1" for n in range(100, 107)
)

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


class Encoding(NamedTuple):
    implicit: bool
    little: bool


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Every transfer syntax but three is Explicit VR Little Endian, the compressed and the private ones too (A.4)."""
    return Encoding(implicit=transfer_syntax_uid == IMPLICIT_LITTLE, little=transfer_syntax_uid != EXPLICIT_BIG)


def is_deflated(transfer_syntax_uid: str) -> bool:
    return transfer_syntax_uid == DEFLATED or transfer_syntax_uid in _DEFLATED_TOO


def is_native(transfer_syntax_uid: str) -> bool:
    """Whether pixel data lies there uncompressed, so that its length can be reckoned."""
    return transfer_syntax_uid in _NATIVE


def is_video(transfer_syntax_uid: str) -> bool:
    return transfer_syntax_uid in _VIDEO


@lru_cache(maxsize=16384)
def dictionary_vr(tag: int) -> str:
    """The dictionary's VR, which may be a choice such as ``US or SS``; ``UN`` where there is none."""
    if tag & 0xFFFF == 0:
        return "UL"
    if (tag >> 16) & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return "UN"
