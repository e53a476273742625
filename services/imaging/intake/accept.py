"""Accepted images become durable: their bytes as one pack, then rows, case and event in one transaction.

A crash between the two leaves a pack that no row names (orphans.py drops it), never a case without its bytes.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.imaging.intake.coercion import coerce
from services.imaging.intake.early_pack import EarlyPack, pack_of
from services.imaging.intake.sorting import Image
from services.imaging.models import CONTENT_KIND
from services.imaging.queries import instances
from services.imaging.queries.instances import Known
from shared import audit
from shared.auth import Actor
from shared.blobs import BlobRef
from shared.db import Session
from shared.errors import FieldProblem, GongzhenError, InstanceConflict, Unavailable
from shared.reading.models import Case
from shared.reading.workflow.arrival import Arrival, Content, Outcome
from shared.reading.workflow.intake import accept, find_same
from shared.reading.workflow.unordered import lock_exams, with_number
from shared.resources import Resources
from shared.telemetry import fields
from shared.web.upload import Spool

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exam:
    """The images of one case. ``arrival`` is without contents: they are the images."""

    images: Sequence[Image]
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Upload:
    """What one request brought: mostly one exam, several where a machine sends several studies at once.

    ``pack``: is being written of it already.
    """

    actor: Actor
    address: str
    exams: Sequence[Exam]
    pack: EarlyPack | None = None

    @property
    def images(self) -> list[Image]:
        return [image for exam in self.exams for image in exam.images]


@dataclass(frozen=True, slots=True)
class AcceptedExam:
    """``coerced``: SOP Instance UIDs whose patient or number the order's words stand in for."""

    case: Case
    outcome: Outcome
    coerced: frozenset[str] = frozenset()


async def accept_images(resources: Resources, upload: Upload, spool: Spool) -> list[AcceptedExam]:
    """Durable when it returns: one pack, one transaction, however many exams. For an upload that is wholly known
    nothing is written.

    Raises InstanceConflict, and what the workflow raises (AccessionTaken, Conflict, Invalid); then nothing is kept.
    """
    async with resources.db.look_up() as session:
        known = await _known(session, upload)
    new = [image for image in upload.images if image.facts.sop_instance_uid not in known]
    if not new:
        async with resources.db.transaction() as session:
            same = await _find_same(session, upload, known)
        if same:
            return same
    refs = await pack_of(resources.blobs, new, spool, upload.pack)
    try:
        async with resources.db.transaction() as session:
            accepted, used = await _write(session, upload, dict(zip(_uids(new), refs, strict=True)), spool)
    except GongzhenError as error:
        # A 5xx may mean that the commit's answer was lost: then the rows may be there, and the sweep decides.
        if error.status < 500:
            await _drop(resources, refs)
        raise
    if not used:
        await _drop(resources, refs)  # the same upload came twice at once, and the other was first
    for exam, each in zip(upload.exams, accepted, strict=True):
        logger.info(
            "upload accepted",
            extra=fields(
                case_id=each.case.case_id,
                action=str(each.outcome),
                count=len(exam.images),
                size_bytes=sum(image.length for image in exam.images),
            ),
        )
    return accepted


async def _find_same(session: Session, upload: Upload, known: dict[str, Known]) -> list[AcceptedExam]:
    """Empty as soon as one exam is not wholly there."""
    found = []
    for exam in upload.exams:
        arrival = await with_number(session, upload.actor, _arrival(exam, known))
        case = await find_same(session, upload.actor, arrival)
        if case is None:
            return []
        found.append(AcceptedExam(case, Outcome.same))
    return found


async def _write(
    session: Session, upload: Upload, refs: dict[str, BlobRef], spool: Spool
) -> tuple[list[AcceptedExam], bool]:
    """What was read before the pack was written is read again under lock; the bool: the pack is needed."""
    actor = upload.actor
    await instances.lock_studies(session, actor.org_id, [uid for e in upload.exams for uid in e.arrival.study_uids])
    known = await _known(session, upload)
    new = [image for image in upload.images if image.facts.sop_instance_uid not in known]
    if any(uid not in refs for uid in _uids(new)):
        raise Unavailable("影像在上传期间被删除，请重新上传", retry_after_s=1)  # its bytes are not in the pack
    if new:
        known |= await _add(session, actor.org_id, new, refs, spool)
    await lock_exams(session, actor, [_arrival(exam, known) for exam in upload.exams])
    accepted = [await _accept(session, upload, exam, known) for exam in upload.exams]
    return accepted, bool(new)


async def _accept(session: Session, upload: Upload, exam: Exam, known: dict[str, Known]) -> AcceptedExam:
    actor = upload.actor
    accepted = await accept(session, actor, await with_number(session, actor, _arrival(exam, known)))
    case, outcome = accepted.case, accepted.outcome
    if outcome is Outcome.same:
        return AcceptedExam(case, outcome)
    await audit.record(
        session, actor, "case.upload", "case", case.case_id, address=upload.address,
        detail={"outcome": str(outcome), "instances": len(accepted.new_contents)},
    )  # fmt: skip
    coerced = await coerce(session, case, [image.facts for image in exam.images])
    return AcceptedExam(case, outcome, coerced)


async def _add(
    session: Session, clinic_id: str, new: Sequence[Image], refs: dict[str, BlobRef], spool: Spool
) -> dict[str, Known]:
    added: dict[str, str] = {}
    series = await instances.put_series(session, clinic_id, (image.facts for image in new))
    for start in range(0, len(new), instances.BATCH):
        batch = new[start : start + instances.BATCH]
        headers = await asyncio.to_thread(_headers, batch, spool)
        rows = [
            (image.facts, header, refs[image.facts.sop_instance_uid])
            for image, header in zip(batch, headers, strict=True)
        ]
        added |= await instances.add(session, clinic_id, rows, series)
    taken = [image for image in new if image.facts.sop_instance_uid not in added]
    if taken:
        raise conflict(taken)
    return {
        image.facts.sop_instance_uid: Known(added[image.facts.sop_instance_uid], image.facts.data_set_sha256)
        for image in new
    }


async def _known(session: Session, upload: Upload) -> dict[str, Known]:
    known = await instances.known(session, upload.actor.org_id, _uids(upload.images))
    other = [
        image
        for image in upload.images
        if (held := known.get(image.facts.sop_instance_uid)) is not None
        and held.data_set_sha256 != image.facts.data_set_sha256
    ]
    if other:
        raise conflict(other)
    return known


def conflict(images: Sequence[Image]) -> InstanceConflict:
    """Names the instances by the UIDs the clinic itself sent."""
    return InstanceConflict(
        errors=[
            FieldProblem(
                f"file:{image.number}",
                "instance_conflict",
                f"SOP Instance UID {image.facts.sop_instance_uid} 已存有不同内容",
            )
            for image in images[:100]
        ],
        extra={"sop_instance_uids": [image.facts.sop_instance_uid for image in images[:100]]},
    )


def _headers(images: Sequence[Image], spool: Spool) -> list[str]:
    return [image.read_header(spool) for image in images]


def _arrival(exam: Exam, known: dict[str, Known]) -> Arrival:
    """Contents in the order of the upload; an instance without a row yet has no record id."""
    contents = []
    for image in exam.images:
        held = known.get(image.facts.sop_instance_uid)
        contents.append(Content(image.facts.data_set_sha256, held.instance_id if held else "", CONTENT_KIND))
    return replace(exam.arrival, contents=contents)


async def _drop(resources: Resources, refs: Sequence[BlobRef]) -> None:
    for key in {ref.key for ref in refs}:
        await resources.blobs.delete(key)


def _uids(images: Sequence[Image]) -> list[str]:
    return [image.facts.sop_instance_uid for image in images]
