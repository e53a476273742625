"""Transfer syntaxes (PS3.6 Annex A, PS3.18 8.7.3): their media types, and what can be decoded here."""

from services.imaging.dicomweb.media_types import OCTETS
from services.imaging.parse.encoding import is_deflated, is_native

_JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"}
_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys(_JPEG, "image/jpeg"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"), "image/jls"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"), "image/jp2"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"), "image/jpx"),
    **{f"1.2.840.10008.1.2.4.{number}": "image/jphc" for number in (201, 202, 203)},
    **dict.fromkeys(("1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101"), "video/mpeg2"),
    **{f"1.2.840.10008.1.2.4.{number}": "video/mp4" for number in range(102, 107)},
    **{f"1.2.840.10008.1.2.4.{number}": "video/H265" for number in (107, 108)},
}
_UNDECODED = {"1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"}


def media_type_of(transfer_syntax_uid: str) -> str:
    """Of its pixel data as it is stored; octets where PS3.18 has no name for it."""
    return _TYPES.get(transfer_syntax_uid, OCTETS)


def is_decodable(transfer_syntax_uid: str) -> bool:
    if is_native(transfer_syntax_uid) or is_deflated(transfer_syntax_uid):
        return True
    kind = media_type_of(transfer_syntax_uid)
    return kind.startswith("image/") and transfer_syntax_uid not in _UNDECODED
