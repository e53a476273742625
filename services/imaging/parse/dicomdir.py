"""The DICOMDIR of a patient CD (PS3.3 Annex F): which instances should be there. Content it is not."""

from dataclasses import dataclass
from typing import BinaryIO

from services.imaging.parse.encoding import encoding_of
from services.imaging.parse.file_meta import read_file_meta
from services.imaging.parse.header import read_header, recognised_encoding
from services.imaging.parse.remark import Remark
from services.imaging.parse.values import Values
from services.imaging.parse.window import Window

_RECORDS = 0x00041220
_FILE_ID = 0x00041500
_INSTANCE_UID = 0x00041511


@dataclass(frozen=True, slots=True)
class ListedFile:
    """``path``: Referenced File ID joined by ``/``, upper case by the standard, relative to the DICOMDIR."""

    path: str
    sop_instance_uid: str


def read_dicomdir(file: BinaryIO, size_bytes: int) -> tuple[ListedFile, ...]:
    """The files its records refer to, in their order. Raises Refused when the DICOMDIR cannot be read."""
    window = Window(file, size_bytes)
    meta = read_file_meta(window)
    remarks: set[Remark] = set()
    encoding = recognised_encoding(window, meta.data_set_offset, encoding_of(meta.transfer_syntax_uid), remarks)
    header = read_header(window, meta.data_set_offset, encoding, remarks)
    root = Values.of_root(window, header.data_set, None, remarks)
    records = header.data_set.get(_RECORDS)
    listed = []
    for record in (records.items if records else None) or ():
        values = root.of(record)
        path = "/".join(values.texts(record.get(_FILE_ID)))
        if path:
            listed.append(ListedFile(path, values.uid(_INSTANCE_UID)))
    return tuple(listed)
