"""Preamble and group 0002 (PS3.10 section 7.1).

A file without ``DICM`` at byte 128 is refused as ``not_dicom`` even where a data set can be recognised in it: with no
file meta group nothing names its transfer syntax, so it could neither be served again over DICOMweb (PS3.18 8.7.3)
nor told from a file that lost its beginning. ``looks_bare`` says so to whoever has to explain the refusal.
"""

from struct import Struct
from typing import NamedTuple

from services.imaging.parse.encoding import LONG_VRS
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.window import Window

PREFIX_END = 132
DICOMDIR_CLASS = "1.2.840.10008.1.3.10"
_HEAD = Struct("<HH2sH")
_MAX_META_BYTES = 64 * 1024
_MAX_GROUP_BYTES = 1024 * 1024
# The first elements a data set can begin with: group length, charset, image type, creation date, SOP class, instance.
_FIRST_ELEMENTS = frozenset({0x0000, 0x0001, 0x0005, 0x0008, 0x0012, 0x0016, 0x0018})


class FileMeta(NamedTuple):
    """``data_set_offset`` is the byte behind group 0002, where the data set of the digest begins."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set_offset: int


def has_prefix(head: bytes) -> bool:
    return head[128:PREFIX_END] == b"DICM"


def looks_bare(head: bytes) -> bool:
    """A data set, or a meta group, that begins at byte 0: DICOM, but not a DICOM file."""
    if len(head) < 8:
        return False
    for order in ("little", "big"):
        group = int.from_bytes(head[:2], order)
        element = int.from_bytes(head[2:4], order)
        if group == 0x0002 and element <= 0x0010 and head[4:6].isalpha():
            return True
        if group == 0x0008 and element in _FIRST_ELEMENTS:
            return True
    return False


def read_file_meta(window: Window) -> FileMeta:
    """Always Explicit VR Little Endian. The group's own length is not believed: writers get it wrong."""
    if window.size_bytes < PREFIX_END or not has_prefix(window.at(0, PREFIX_END)):
        raise Refused(FailureCode.NOT_DICOM)
    uids: dict[int, str] = {}
    offset = PREFIX_END
    while offset + 8 <= window.size_bytes:
        group, element, vr, length = _HEAD.unpack(window.at(offset, 8))
        if group != 0x0002:
            break
        offset += 8
        if vr in LONG_VRS:
            length = int.from_bytes(window.at(offset, 4), "little")
            offset += 4
        # The length of one element, and the sum of all: a group of nothing but empty elements has no other end.
        if length > _MAX_META_BYTES or offset > _MAX_GROUP_BYTES:
            raise Refused(FailureCode.BAD_HEADER, "文件元信息组 (0002) 错误")
        if element in (0x0002, 0x0003, 0x0010):
            uids[element] = clean_uid(window.at(offset, length))
        elif offset + length > window.size_bytes:
            raise Refused(FailureCode.TRUNCATED)
        offset += length
    if offset >= window.size_bytes:
        raise Refused(FailureCode.TRUNCATED)
    return FileMeta(uids.get(0x0002, ""), uids.get(0x0003, ""), uids.get(0x0010, ""), offset)


def clean_uid(raw: bytes) -> str:
    """Without padding; what is not ASCII shows as a replacement character and fails the UID check."""
    return raw.decode("ascii", "replace").strip("\0 \t\r\n")
