"""What a file is, by its first bytes; its name and its media type do not count."""

from enum import StrEnum
from io import BytesIO

from services.imaging.parse.file_meta import DICOMDIR_CLASS, has_prefix, looks_bare, read_file_meta
from services.imaging.parse.refusal import Refused
from services.imaging.parse.window import Window

HEAD_BYTES = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHER_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")


class Kind(StrEnum):
    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    BARE_DICOM = "bare_dicom"
    """A data set without preamble and file meta group: DICOM, but nothing that can be taken (see file_meta)."""
    ZIP = "zip"
    OTHER_ARCHIVE = "other_archive"
    EMPTY = "empty"
    OTHER = "other"


def kind_of(head: bytes) -> Kind:
    """``head``: the first HEAD_BYTES, or all of a shorter file. ``DICM`` counts before anything in the preamble,
    which may be a TIFF or ZIP header for the sake of other programs (PS3.10 7.1)."""
    if not head:
        return Kind.EMPTY
    if has_prefix(head):
        return Kind.DICOMDIR if _media_class(head) == DICOMDIR_CLASS else Kind.DICOM
    if head.startswith(_ZIP):
        return Kind.ZIP
    if head.startswith(_OTHER_ARCHIVES):
        return Kind.OTHER_ARCHIVE
    return Kind.BARE_DICOM if looks_bare(head) else Kind.OTHER


def _media_class(head: bytes) -> str:
    try:
        return read_file_meta(Window(BytesIO(head), len(head))).sop_class_uid
    except Refused:
        return ""
