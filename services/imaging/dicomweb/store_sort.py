"""The parts of a STOW request as images and failures. Blocking; like POST /cases in a thread (intake/sorting.py)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.imaging.dicomweb.media_types import DICOM, OCTETS
from services.imaging.intake.sorting import Image, keep_image
from services.imaging.parse.instance import read_instance
from services.imaging.parse.refusal import FailureCode, Refused
from shared.web.related import ReceivedPart
from shared.web.upload import Spool

# Failure Reasons (0008,1197) beside those of parse/refusal.py; 0110 and 0111 as PS3.7 Annex C names them.
PROCESSING_FAILURE = 0x0110
DUPLICATE_INSTANCE = 0x0111
OTHER_STUDY = 0xA901


@dataclass(frozen=True, slots=True)
class Failure:
    """Part ``number`` is not stored. The UIDs are "" where the part could not be read so far."""

    number: int
    reason: int
    code: str
    detail: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class SortedParts:
    images: tuple[Image, ...]
    failures: tuple[Failure, ...]


def sort_parts(
    parts: Sequence[ReceivedPart], spool: Spool, default_charset: str | None, study_uid: str | None
) -> SortedParts:
    """``study_uid``: the only study that is taken, where the request names one. The same instance twice is one."""
    images: dict[str, Image] = {}
    failures: list[Failure] = []
    for part in parts:
        try:
            image = _read(part, spool, default_charset)
        except Refused as refusal:
            failures.append(Failure(part.number, refusal.dicom_reason, str(refusal.code), refusal.detail))
            continue
        twin = images.get(image.facts.sop_instance_uid)
        if study_uid is not None and image.facts.study_uid != study_uid:
            failures.append(failed(image, OTHER_STUDY, "study_mismatch", "影像不属于地址中的检查"))
        elif twin is None:
            images[image.facts.sop_instance_uid] = image
        elif twin.facts.data_set_sha256 != image.facts.data_set_sha256:
            failures.append(failed(image, DUPLICATE_INSTANCE, "instance_conflict", "同一次上传中有两份不同内容"))
    return SortedParts(tuple(images.values()), tuple(failures))


def failed(image: Image, reason: int, code: str, detail: str) -> Failure:
    return Failure(image.number, reason, code, detail, image.facts.sop_class_uid, image.facts.sop_instance_uid)


def _read(part: ReceivedPart, spool: Spool, default_charset: str | None) -> Image:
    if part.media_type not in ("", DICOM, OCTETS):
        raise Refused(FailureCode.NOT_DICOM, "分段的媒体类型不是 application/dicom")
    facts = read_instance(spool.view(part.offset, part.length), part.length, default_charset=default_charset)
    return keep_image(spool, part.number, "", part.offset, part.length, facts)
