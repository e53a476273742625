"""Which instance a file is, read as far as its UIDs stand: for what may be here already, nothing else need be read."""

from typing import BinaryIO

from services.imaging.parse.encoding import encoding_of, is_deflated
from services.imaging.parse.file_meta import read_file_meta
from services.imaging.parse.header import read_header, recognised_encoding
from services.imaging.parse.identity import LAST_UID, Identity, read_identity
from services.imaging.parse.refusal import Refused
from services.imaging.parse.values import Values
from services.imaging.parse.window import Window


def read_uids(file: BinaryIO, size_bytes: int) -> tuple[Identity, int] | None:
    """The UIDs, and where the data set begins; None where only ``read_instance`` can tell, or say what is wrong."""
    if size_bytes == 0:
        return None
    try:
        window = Window(file, size_bytes)
        meta = read_file_meta(window)
        if is_deflated(meta.transfer_syntax_uid):
            return None
        encoding = recognised_encoding(window, meta.data_set_offset, encoding_of(meta.transfer_syntax_uid), set())
        header = read_header(window, meta.data_set_offset, encoding, set(), last=LAST_UID)
        return read_identity(Values.of_root(window, header.data_set, None, set()), set()), meta.data_set_offset
    except Refused:
        return None
