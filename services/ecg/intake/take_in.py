"""One upload from its form to its case: order, files read and judged, refusals, then acceptance."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from services.ecg.intake.accept import Upload, accept_recordings
from services.ecg.intake.judge import JudgedUpload, Ordered, ToJudge
from services.ecg.intake.order import EcgOrder, ordered_of
from services.ecg.intake.warnings import warnings_of_recordings
from services.ecg.parse.limits import MAX_FILE_BYTES
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.refusal import RefusalCode
from services.ecg.rules.judged import Judged
from services.ecg.settings import settings_of
from shared.errors import FieldProblem, Invalid
from shared.events.case import Card, Exam, Patient
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.queries.intake import by_accession
from shared.reading.routes.intake import Sender
from shared.reading.schemas.sent_order import read_order
from shared.reading.workflow.arrival import Arrival, Outcome
from shared.reading.workflow.doubts import ShownPatient, contradictions, warnings_of
from shared.reading.workflow.quarantine import keep_refused
from shared.reading.workflow.refusals import Refusal, refusal_error
from shared.resources import Resources
from shared.sandbox import Sandbox, SandboxExhausted, SandboxFailed
from shared.telemetry import fields
from shared.web.upload import ReceivedFile, ReceivedForm, Spool

logger = logging.getLogger(__name__)

Judge = Sandbox[ToJudge, JudgedUpload]
SUPPORTED = [
    "SCP-ECG (EN 1064)", "HL7 aECG", "DICOM 12-lead/general ECG", "GE MUSE XML", "Philips Sierra XML",
    "GE CardioSoft XML", "EDF/EDF+", "WFDB (.hea + .dat)", "CSV", "JSON",
]  # fmt: skip
_UNKNOWN = frozenset({str(RefusalCode.not_ecg), str(RefusalCode.format_unsupported)})


@dataclass(frozen=True, slots=True)
class TakenIn:
    case: Case
    outcome: Outcome
    ignored: Sequence[tuple[str, str]]


async def take_in(resources: Resources, judge: Judge, sender: Sender, form: ReceivedForm, spool: Spool) -> TakenIn:
    """Raises Invalid for the order, the files' common error where any is refused, and what acceptance raises.

    Refused files are in quarantine when it raises.
    """
    settings = settings_of(resources)
    order = read_order(EcgOrder, form.order)
    if not form.files:
        raise Invalid("没有文件", code="no_files", errors=[FieldProblem("files", "missing", "需要至少一个文件")])
    refusals = [_too_large(file) for file in form.files if file.length > MAX_FILE_BYTES]
    judged = JudgedUpload((), (), ())
    if not refusals:
        ordered = ordered_of(order, await _known_patient(resources, sender, order), settings.ecg_critical_rules)
        judged, refusals = await _judge(judge, form.files, ordered, spool)
    if refusals:
        await keep_refused(resources, sender.actor, form.files, refusals, spool, address=sender.address)
        logger.info(
            "upload refused",
            extra=fields(code=refusals[0].code, size_bytes=sum(file.length for file in form.files)),
        )
        raise refusal_error(
            refusals,
            limits={"bytes": MAX_FILE_BYTES},
            supported=SUPPORTED,
            is_of_no_kind=not judged.recordings and {refusal.code for refusal in refusals} <= _UNKNOWN,
        )
    files = {file.number: file for file in form.files}
    upload = Upload(sender.actor, sender.address, judged.recordings, files, _arrival(sender, order, judged.recordings))
    case, outcome = await accept_recordings(resources, upload, spool)
    return TakenIn(case, outcome, [(files[number].name, reason) for number, reason in judged.ignored])


async def _known_patient(resources: Resources, sender: Sender, order: EcgOrder) -> Patient | None:
    """Of the case that the files will belong to."""
    if order.accession_number is None:
        return None
    async with resources.db.transaction() as session:
        cases = await by_accession(session, sender.actor, "ecg", order.accession_number)
    is_open = bool(cases) and cases[0].state != State.rejected
    return Card.model_validate(cases[0].card).patient if is_open else None


async def _judge(
    judge: Judge, files: Sequence[ReceivedFile], ordered: Ordered, spool: Spool
) -> tuple[JudgedUpload, list[Refusal]]:
    """An upload that its reader did not survive is refused whole: nobody knows which file it was."""

    def read() -> ToJudge:
        return ToJudge([SourceFile(file.name, spool.read_at(file.offset, file.length)) for file in files], ordered)

    try:
        judged = await judge.when_free(lambda: asyncio.to_thread(read))
    except SandboxExhausted:
        return JudgedUpload((), (), ()), [_unread(file, "心电文件解析超出时间或内存限制") for file in files]
    except SandboxFailed:
        logger.exception("an ECG reader failed")
        return JudgedUpload((), (), ()), [_unread(file, "心电文件无法解析") for file in files]
    names = {file.number: file.name for file in files}
    refusals = [
        Refusal(number, names[number], str(refused.code), refused.detail) for number, refused in judged.refusals
    ]
    if not refusals and not judged.recordings:
        refusals = [_unread(file, "没有找到心电波形") for file in files]
    return judged, refusals


def _arrival(sender: Sender, order: EcgOrder, judged: Sequence[Judged]) -> Arrival:
    """One request is the whole exam, unless the order says how many ECGs there will be."""
    recordings = [each.recording for each in judged]
    shown = [ShownPatient(each.patient.id, each.patient.name, each.patient.sex, each.patient.birth_date)
             for each in recordings]  # fmt: skip
    first = recordings[0].patient
    patient = Patient.model_validate(
        {
            "id": first.id or None,
            "name": first.name,
            "sex": first.sex or "U",
            "birth_date": first.birth_date,
            "age": None if first.birth_date else first.age,
        }
    )
    made_at = next((each.recorded_at for each in recordings if each.recorded_at), None)
    return Arrival(
        center="ecg",
        order=order,
        contents=(),
        first_byte_at=sender.first_byte_at,
        warnings=[
            *warnings_of(order),
            *contradictions(order.patient, shown, "心电文件"),
            *warnings_of_recordings(judged),
        ],
        modality="ECG",
        # Of somebody nobody knows, the cart's name and sex are what an operator had to type.
        patient_from_file=Patient(id=patient.id) if order.patient.unknown else patient,
        exam_from_file=Exam(name="常规十二导联心电图", modality="ECG", performed_at=made_at),
        expected_count=order.expected_recordings,
        is_complete=order.expected_recordings is None,
        idempotency_key=sender.idempotency_key,
    )


def _too_large(file: ReceivedFile) -> Refusal:
    return Refusal(file.number, file.name, "too_large", f"单个心电文件不得超过 {MAX_FILE_BYTES >> 20} MB")


def _unread(file: ReceivedFile, detail: str) -> Refusal:
    return Refusal(file.number, file.name, str(RefusalCode.format_broken), detail)
