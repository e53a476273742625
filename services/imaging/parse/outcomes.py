"""What becomes of each file of an upload."""

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from services.imaging.parse.instance import Instance
from services.imaging.parse.refusal import Refused
from services.imaging.parse.remark import Remark


class IgnoredReason(StrEnum):
    NOT_DICOM = "not_dicom"
    DICOMDIR = "dicomdir"
    NESTED_ARCHIVE = "nested_archive"
    EMPTY_FILE = "empty_file"


@dataclass(frozen=True, slots=True)
class Taken:
    """``file`` is seekable and, when it came out of a ZIP, closed as soon as the next outcome is asked for."""

    name: str
    file: BinaryIO
    size_bytes: int
    instance: Instance


@dataclass(frozen=True, slots=True)
class Ignored:
    name: str
    reason: IgnoredReason


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """``name`` is "" where the upload as a whole is refused."""

    name: str
    refusal: Refused


Outcome = Taken | Ignored | RefusedFile


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What only the whole upload shows. With one refused file, here or before, nothing of it may be stored."""

    ignored: tuple[Ignored, ...]
    refused: tuple[RefusedFile, ...]
    remarks: tuple[Remark, ...]
