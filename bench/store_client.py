"""STOW requests made before the clock runs: CT slices with UIDs of their own, ten or one in a body."""

import io
import os
from collections.abc import Sequence

from pydicom import dcmread
from pydicom.dataset import FileDataset

from bench.wire import Target
from tests.support.dicom_files import ct, to_bytes

BOUNDARY = "gongzhenbench"
PART = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
END = f"--{BOUNDARY}--\r\n".encode()
_ROOT = "1.2.826.0.1.3680043.10.1606"


class Slices:
    """CT slices of 0.525 MB with noise for pixels, each with UIDs of its own: made by putting them into one file."""

    def __init__(self) -> None:
        data_set: FileDataset = dcmread(io.BytesIO(ct(charset="ISO_IR 192", name="测试^甲")))
        data_set.PixelData = os.urandom(len(data_set.PixelData))
        self._uids = [_uid(0, 0, level) for level in range(3)]
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.SOPInstanceUID = self._uids
        del data_set.AccessionNumber
        self._file = to_bytes(data_set)

    def slice(self, study: int, number: int) -> bytes:
        file = self._file
        for level, uid in enumerate(self._uids):
            file = file.replace(uid.encode(), _uid(study, number, level).encode())
        return file


def study_uid(study: int) -> str:
    return _uid(study, 0, 0)


def series_uid(study: int) -> str:
    return _uid(study, 0, 1)


def sop_uid(study: int, number: int) -> str:
    return _uid(study, number, 2)


def _uid(study: int, number: int, level: int) -> str:
    """Of a study, its series or one of its instances: level 0, 1, 2. All are of one length."""
    return f"{_ROOT}.{level + 1}.{study + 10**9}.{number + 10**5 if level == 2 else 10**5}"


def store_head(target: Target, length: int) -> bytes:
    return target.head(
        "POST",
        "/studies",
        {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            "Accept": "application/dicom+json",
            "Content-Length": str(length),
        },
    )


def request(target: Target, files: Sequence[bytes]) -> bytes:
    body = b"".join([*(PART + file + b"\r\n" for file in files), END])
    return store_head(target, len(body)) + body
