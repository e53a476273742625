"""Images of a STOW request become durable, each study as a case; what is not taken goes to quarantine."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence

from services.imaging.dicomweb.store.answer import StoreAnswer
from services.imaging.dicomweb.store.known import KnownParts
from services.imaging.dicomweb.store.sort import (
    DUPLICATE_INSTANCE,
    PROCESSING_FAILURE,
    Failure,
    SortedParts,
    failed,
)
from services.imaging.intake.accept import Exam, Upload, accept_images
from services.imaging.intake.arriving import Addition, Arriving, add_to_arriving
from services.imaging.intake.card import exam_of, modality_of, patient_of, remarks_as_warnings, shown_patients
from services.imaging.intake.early_pack import EarlyPack
from services.imaging.intake.sorting import Image
from services.imaging.parse.identity import Identity
from services.imaging.queries import instances
from shared.errors import Conflict, GongzhenError, InstanceConflict, Invalid
from shared.reading.routes.intake import Sender
from shared.reading.workflow.arrival import Arrival
from shared.reading.workflow.quarantine import keep_refused
from shared.reading.workflow.refusals import Refusal
from shared.resources import Resources
from shared.telemetry import fields
from shared.web.related import ReceivedPart
from shared.web.upload import ReceivedFile, Spool

logger = logging.getLogger(__name__)
_NUMBER_MAX = 64


async def keep_parts(
    resources: Resources,
    sender: Sender,
    arriving: Arriving,
    parts: KnownParts,
    found: SortedParts,
    spool: Spool,
    pack: EarlyPack,
) -> StoreAnswer:
    """Raises only what hinders all of it (Unavailable): then it can be sent again as it is."""
    keeping = _Keeping(resources, sender, arriving, spool, pack, list(found.failures), list(parts.stored))
    await keeping.keep(_exams(sender, found.images), are_new=parts.are_new)
    if keeping.failures:
        await _quarantine(resources, sender, parts.others, keeping.failures, spool)
    failures = sorted(keeping.failures, key=lambda failure: failure.number)
    return StoreAnswer(tuple(keeping.stored), tuple(failures), frozenset(keeping.coerced))


class _Keeping:
    """All exams at once; what the workflow refuses is then taken out, and the others go again without it."""

    def __init__(
        self,
        resources: Resources,
        sender: Sender,
        arriving: Arriving,
        spool: Spool,
        pack: EarlyPack,
        failures: list[Failure],
        stored: list[Identity],
    ) -> None:
        self._resources = resources
        self._sender = sender
        self._arriving = arriving
        self._spool = spool
        self._pack = pack
        self.failures = failures
        self.stored = stored
        self.coerced: set[str] = set()

    async def keep(self, exams: Sequence[Exam], *, are_new: bool = False) -> None:
        """``are_new``: none of their instances was sent before."""
        if not exams or (are_new and await self._add_to_arriving(exams)):
            return
        try:
            upload = Upload(self._sender.actor, self._sender.address, exams, self._pack)
            accepted = await accept_images(self._resources, upload, self._spool)
        except InstanceConflict as error:
            await self.keep(self._without(exams, error))
        except (Conflict, Invalid) as error:
            if len(exams) > 1:
                for exam in exams:
                    await self.keep([exam])
            else:
                await self._refuse(exams[0], error)
        else:
            self.stored.extend(_uids(image) for exam in exams for image in exam.images)
            self.coerced.update(uid for each in accepted for uid in each.coerced)
            for exam, each in zip(exams, accepted, strict=True):
                self._arriving.remember(each.case, exam.arrival)

    async def _add_to_arriving(self, exams: Sequence[Exam]) -> bool:
        if len(exams) > 1:
            return False
        addition = Addition(self._sender.actor, self._sender.address, exams[0].images, exams[0].arrival, self._pack)
        if not await add_to_arriving(self._resources, self._arriving, addition, self._spool):
            return False
        self.stored.extend(_uids(image) for image in addition.images)
        return True

    def _without(self, exams: Sequence[Exam], error: InstanceConflict) -> list[Exam]:
        """Each round names at least one, so they end."""
        taken = set(error.extra["sop_instance_uids"])
        kept = []
        for exam in exams:
            images = [image for image in exam.images if image.facts.sop_instance_uid not in taken]
            others = [image for image in exam.images if image.facts.sop_instance_uid in taken]
            self.failures.extend(failed(image, DUPLICATE_INSTANCE, error.code, error.detail) for image in others)
            if images:
                kept.append(Exam(images, exam.arrival))
        return kept

    async def _refuse(self, exam: Exam, error: GongzhenError) -> None:
        """What the clinic has sent before is stored, whatever became of its case; the others are not taken."""
        uids = [image.facts.sop_instance_uid for image in exam.images]
        async with self._resources.db.look_up() as session:
            known = await instances.known(session, self._sender.actor.org_id, uids)
        for image in exam.images:
            if image.facts.sop_instance_uid in known:
                self.stored.append(_uids(image))
            else:
                self.failures.append(failed(image, PROCESSING_FAILURE, error.code, error.detail))


def _uids(image: Image) -> Identity:
    facts = image.facts
    return Identity(facts.sop_instance_uid, facts.study_uid, facts.series_uid, facts.sop_class_uid)


def _exams(sender: Sender, images: Sequence[Image]) -> list[Exam]:
    """By study, and within a study by patient: two people are never one case."""
    exams: dict[tuple[str, str], list[Image]] = {}
    for image in images:
        exams.setdefault((image.facts.study_uid, image.facts.patient.id), []).append(image)
    return [Exam(own, _arrival(sender, own)) for _, own in sorted(exams.items())]


def _arrival(sender: Sender, images: Sequence[Image]) -> Arrival:
    """Nobody said that this is the whole study: it settles, or its clinic calls it complete."""
    facts = [image.facts for image in images]
    number = facts[0].accession_number
    remarks = sorted({str(remark) for each in facts for remark in each.remarks})
    return Arrival(
        center="imaging",
        order=None,
        contents=(),
        first_byte_at=sender.first_byte_at,
        warnings=remarks_as_warnings(remarks),
        modality=modality_of(facts),
        body_part=next((each.body_part for each in facts if each.body_part), None),
        study_uids=[facts[0].study_uid],
        patient_from_file=patient_of(facts),
        exam_from_file=exam_of(facts),
        accession_number=number if 0 < len(number) <= _NUMBER_MAX and number.isprintable() else None,
        is_complete=False,
        shown_patients=shown_patients(facts),
    )


async def _quarantine(
    resources: Resources,
    sender: Sender,
    parts: Sequence[ReceivedPart],
    failures: Sequence[Failure],
    spool: Spool,
) -> None:
    numbers = {failure.number for failure in failures}
    files = await asyncio.to_thread(_files, [part for part in parts if part.number in numbers], spool)
    refusals = [Refusal(failure.number, "", failure.code, failure.detail) for failure in failures]
    kept = await keep_refused(resources, sender.actor, files, refusals, spool, address=sender.address)
    logger.info("instances refused", extra=fields(code=failures[0].code, count=kept))


def _files(parts: Sequence[ReceivedPart], spool: Spool) -> list[ReceivedFile]:
    """Their digests are not made on the way in: nearly every part is an image, whose digests its reader makes."""
    files = []
    for part in parts:
        digest = hashlib.file_digest(spool.view(part.offset, part.length), "sha256").hexdigest()  # type: ignore[arg-type]
        files.append(ReceivedFile(part.number, "", part.offset, part.length, digest))
    return files
