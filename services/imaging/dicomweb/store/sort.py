"""The parts of a STOW request as images and failures, read in threads of this process as for POST /cases."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from services.imaging.dicomweb.media_types import DICOM, OCTETS
from services.imaging.intake.sorting import Image, keep_image
from services.imaging.parse.file_meta import read_file_meta
from services.imaging.parse.identity import check_uid
from services.imaging.parse.instance import read_instance
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.window import Window
from shared.web.related import ReceivedPart
from shared.web.upload import Spool

# Failure Reasons (0008,1197) beside those of parse/refusal.py; 0110 and 0111 as PS3.7 Annex C names them.
PROCESSING_FAILURE = 0x0110
DUPLICATE_INSTANCE = 0x0111
OTHER_STUDY = 0xA901
_THREADS = 2


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


async def sort_parts(
    parts: Sequence[ReceivedPart], spool: Spool, sorters: Executor, default_charset: str | None, study_uid: str | None
) -> SortedParts:
    """``study_uid``: the only study that is taken, where the request names one. The same instance twice is one.

    Two threads share the parts: half of the time is digests, made without the interpreter's lock.
    """
    loop = asyncio.get_running_loop()
    shares = [parts[share::_THREADS] for share in range(min(_THREADS, len(parts)))]
    read = [loop.run_in_executor(sorters, _read_all, share, spool, default_charset) for share in shares]
    done, _ = await asyncio.wait(read)  # both, before the spool may be closed
    found = [each for share in done for each in share.result()]
    return _judged(sorted(found, key=lambda each: each.number), study_uid)


def _judged(found: Sequence[Image | Failure], study_uid: str | None) -> SortedParts:
    images: dict[str, Image] = {}
    failures: list[Failure] = []
    for each in found:
        if isinstance(each, Failure):
            failures.append(each)
            continue
        twin = images.setdefault(each.facts.sop_instance_uid, each)
        if study_uid is not None and each.facts.study_uid != study_uid:
            failures.append(failed(each, OTHER_STUDY, "study_mismatch", "影像不属于地址中的检查"))
            if twin is each:
                del images[each.facts.sop_instance_uid]
        elif twin.facts.data_set_sha256 != each.facts.data_set_sha256:
            failures.append(failed(each, DUPLICATE_INSTANCE, "instance_conflict", "同一次上传中有两份不同内容"))
    return SortedParts(tuple(images.values()), tuple(failures))


def failed(image: Image, reason: int, code: str, detail: str) -> Failure:
    return Failure(image.number, reason, code, detail, image.facts.sop_class_uid, image.facts.sop_instance_uid)


def _read_all(parts: Sequence[ReceivedPart], spool: Spool, default_charset: str | None) -> list[Image | Failure]:
    found: list[Image | Failure] = []
    for part in parts:
        try:
            found.append(_read(part, spool, default_charset))
        except Refused as refusal:
            found.append(
                Failure(part.number, refusal.dicom_reason, str(refusal.code), refusal.detail, *_named(part, spool))
            )
    return found


def _named(part: ReceivedPart, spool: Spool) -> tuple[str, str]:
    """SOP Class and Instance UID as group 0002 says, that a sender may know which of its images failed."""
    try:
        meta = read_file_meta(Window(spool.view(part.offset, part.length), part.length))
        for uid in (meta.sop_class_uid, meta.sop_instance_uid):
            check_uid(uid, set())
    except Refused:
        return "", ""
    return meta.sop_class_uid, meta.sop_instance_uid


def is_dicom(part: ReceivedPart) -> bool:
    """As far as its sender says."""
    return part.media_type in ("", DICOM, OCTETS)


def _read(part: ReceivedPart, spool: Spool, default_charset: str | None) -> Image:
    if not is_dicom(part):
        raise Refused(FailureCode.NOT_DICOM, "分段的媒体类型不是 application/dicom")
    facts = read_instance(spool.view(part.offset, part.length), part.length, default_charset=default_charset)
    return keep_image(spool, part.number, "", part.offset, part.length, facts)
