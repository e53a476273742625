"""What a DICOM file says of itself, read from its raw values: nothing in it can make the reader refuse a good image."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info

from clinic.spool.files import sha256_of
from clinic.spool.items import Facts
from shared.errors import UnsupportedKind

_PREAMBLE_BYTES = 128
_PREFIX = b"DICM"
_META_GROUP_LENGTH = (0x0002, 0x0000)
_WANTED = {
    "sop_class_uid": 0x00080016,
    "sop_uid": 0x00080018,
    "accession_number": 0x00080050,
    "modality": 0x00080060,
    "patient_id": 0x00100020,
    "study_uid": 0x0020000D,
}
# What pydicom raises for bytes that are no data set, and what a strict warning filter makes of its warnings.
BROKEN = (
    InvalidDicomError, ValueError, KeyError, AttributeError, NotImplementedError, EOFError, OSError, struct.error,
    TypeError, IndexError, OverflowError, RecursionError, zlib.error, UserWarning,
)  # fmt: skip
# PS3.4 B.5: 12-lead, general, ambulatory, rhythm … ECG waveforms.
_ECG_CLASSES = "1.2.840.10008.5.1.4.1.1.9.1."
UNCOMPRESSED = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})


def is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_PREAMBLE_BYTES + len(_PREFIX))
    return head[_PREAMBLE_BYTES:] == _PREFIX


def read_facts(path: Path) -> Facts:
    """Of a file with preamble and file meta group. What cannot be read is empty."""
    try:
        data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_WANTED.values()))
    except BROKEN:
        return Facts()
    found = {name: _text(data, tag) for name, tag in _WANTED.items()}
    return Facts(**found, transfer_syntax=str(data.file_meta.get("TransferSyntaxUID", "")))


def digest_of(path: Path) -> str:
    """SHA-256 of the data set without group 0002, which every program that writes a file words in its own way.

    Raises UnsupportedKind for what is no DICOM file.
    """
    try:
        meta = read_file_meta_info(path)
        start = _PREAMBLE_BYTES + len(_PREFIX) + 12 + int(meta[_META_GROUP_LENGTH].value)
    except BROKEN:
        raise UnsupportedKind("不是 DICOM 文件", code="not_dicom") from None
    return sha256_of(path, start)


def center_of(facts: Facts) -> str:
    """Carts that speak DICOM send ECGs: they are read in another centre."""
    return "ecg" if facts.sop_class_uid.startswith(_ECG_CLASSES) else "imaging"


def group_key_of(facts: Facts, fallback: str) -> str:
    """One upload is one patient's study: two patients under one Study Instance UID never share an order."""
    return f"{center_of(facts)}/{facts.study_uid or fallback}/{facts.patient_id}"


def _text(data: Any, tag: int) -> str:
    """Undecoded, so that a strange character set cannot spoil a number."""
    element = data.get_item(tag)
    value = element.value if element is not None else None
    if value is None:
        return ""
    if not isinstance(value, bytes):
        return str(value).strip(" \0")
    raw = value.strip(b" \0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
