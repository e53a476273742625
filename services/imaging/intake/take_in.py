"""One upload from its form to its case: order, files, refusals, then acceptance."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from services.imaging.intake.accept import Exam, Upload, accept_images
from services.imaging.intake.card import exam_of, modality_of, patient_of, remarks_as_warnings, shown_patients
from services.imaging.intake.order import ImagingOrder
from services.imaging.intake.refusals import refusal_error
from services.imaging.intake.sorting import Sorted, sort_files
from services.imaging.parse.limits import Limits
from services.imaging.parse.outcomes import Ignored
from services.imaging.settings import settings_of
from shared import directory
from shared.errors import FieldProblem, InstanceConflict, Invalid
from shared.events.case import Patient
from shared.reading.models import Case
from shared.reading.routes.intake import Sender
from shared.reading.schemas.sent_order import read_order
from shared.reading.workflow.arrival import Arrival, Outcome
from shared.reading.workflow.doubts import contradictions, warnings_of
from shared.reading.workflow.quarantine import keep_refused
from shared.reading.workflow.refusals import Refusal
from shared.resources import Resources
from shared.telemetry import fields
from shared.web.upload import ReceivedForm, Spool

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TakenIn:
    case: Case
    outcome: Outcome
    ignored: Sequence[Ignored]


async def take_in(resources: Resources, sorters: Executor, sender: Sender, form: ReceivedForm, spool: Spool) -> TakenIn:
    """Raises Invalid for the order, the error of refusals.py for files, and what acceptance raises.

    Refused files are in quarantine when it raises.
    """
    settings = settings_of(resources)
    order = read_order(ImagingOrder, form.order)
    if not form.files:
        raise Invalid("没有文件", code="no_files", errors=[FieldProblem("files", "missing", "需要至少一个文件")])
    async with resources.db.transaction() as session:
        clinic = await directory.organization(session, sender.actor.org_id)
    limits = Limits(
        max_files=settings.upload_max_files,
        max_file_bytes=settings.upload_max_bytes,
        max_expanded_bytes=2 * settings.upload_max_bytes,
    )
    charset = clinic.default_character_set if clinic else None
    sorting = partial(sort_files, form.files, spool, default_charset=charset, limits=limits)
    found = await asyncio.get_running_loop().run_in_executor(sorters, sorting)
    if found.refusals:
        await _quarantine(resources, sender, form, found.refusals, spool)
        raise refusal_error(
            found, {"files": limits.max_files, "bytes": limits.max_file_bytes, "expanded": limits.max_expanded_bytes}
        )
    upload = Upload(sender.actor, sender.address, [Exam(found.images, _arrival(sender, order, found))])
    try:
        (accepted,) = await accept_images(resources, upload, spool)
    except InstanceConflict as error:
        refusals = [Refusal(int(e.pointer.removeprefix("file:")), "", e.code, e.detail) for e in error.errors]
        await _quarantine(resources, sender, form, refusals, spool)
        raise
    return TakenIn(accepted.case, accepted.outcome, found.ignored)


def _arrival(sender: Sender, order: ImagingOrder, found: Sorted) -> Arrival:
    """One request is the whole exam, unless the order says how many images there will be.

    The files' own accession number is not used: machines without a worklist write the same one into every exam.
    """
    facts = [image.facts for image in found.images]
    patient = patient_of(facts)
    return Arrival(
        center="imaging",
        order=order,
        contents=(),
        first_byte_at=sender.first_byte_at,
        warnings=[
            *warnings_of(order),
            *contradictions(order.patient, shown_patients(facts), "影像文件"),
            *remarks_as_warnings(found.remarks),
        ],
        modality=modality_of(facts),
        body_part=next((each.body_part for each in facts if each.body_part), None),
        study_uids=sorted({each.study_uid for each in facts}),
        # Of somebody nobody knows, the machine's name and sex are what an operator had to type.
        patient_from_file=Patient(id=patient.id) if order.patient.unknown else patient,
        exam_from_file=exam_of(facts),
        expected_count=order.expected_count,
        is_complete=order.expected_count is None,
        idempotency_key=sender.idempotency_key,
    )


async def _quarantine(
    resources: Resources, sender: Sender, form: ReceivedForm, refusals: Sequence[Refusal], spool: Spool
) -> None:
    kept = await keep_refused(resources, sender.actor, form.files, refusals, spool, address=sender.address)
    logger.info(
        "upload refused",
        extra=fields(code=refusals[0].code, count=kept, size_bytes=sum(file.length for file in form.files)),
    )
