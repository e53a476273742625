"""One ECG of a case as a DICOM waveform object, so that any viewer can show it."""

import asyncio

from fastapi import APIRouter, Request, Response

from services.ecg.api.look import chosen, look
from services.ecg.api.recordings import RecordingId
from services.ecg.dicom.header import WaveformHeader
from services.ecg.dicom.uids import uid_of
from services.ecg.dicom.write import write_twelve_lead
from services.ecg.models import Recording as Row
from services.ecg.parse.recording import CartMeasurements, Device, Filters, PatientFacts, Recording
from services.ecg.queries import recordings
from services.ecg.queries.evidence import measurements_of
from services.ecg.rules.trace import unpack
from shared.events.case import Card
from shared.reading.models import Case
from shared.web import CurrentActor, CurrentResources

_STEP_UV = 1.0  # of the stored trace


def dicom_router() -> APIRouter:
    router = APIRouter(prefix="/ecg/v1/cases/{case_id}", tags=["ecg"])

    @router.get(
        "/dicom", summary="One ECG as a DICOM waveform object", response_class=Response,
        responses={200: {"content": {"application/dicom": {}}}},
    )  # fmt: skip
    async def get_dicom(
        case_id: str, request: Request, actor: CurrentActor, resources: CurrentResources, recording: RecordingId = None
    ) -> Response:
        """12-lead ECG Waveform Storage (PS3.3 A.34.3), general where more leads were recorded. The patient is the
        order's, the measurements this centre's. The same recording gives the same bytes and UIDs."""
        async with resources.db.transaction() as session:
            case, rows = await look(session, request, actor, case_id)
        row = chosen(rows, recording)
        blob = await resources.blobs.read(recordings.trace_of(row))
        number = rows.index(row) + 1
        body = await asyncio.to_thread(lambda: write_twelve_lead(_recording(row, blob), _header(case, row, number)))
        disposition = f'attachment; filename="{row.recording_id}.dcm"'
        return Response(body, media_type="application/dicom", headers={"Content-Disposition": disposition})

    return router


def _recording(row: Row, blob: bytes) -> Recording:
    trace, numbers = unpack(blob), measurements_of(row)
    return Recording(
        format=row.format,
        sampling_rate_hz=trace.sampling_rate_hz,
        leads=trace.leads,
        microvolts=trace.microvolts,
        derived=trace.derived,
        recorded_at=row.recorded_at,
        resolution_uv=_STEP_UV,
        device=Device(**row.device),
        filters=Filters(**row.filters),
        cart=CartMeasurements(
            heart_rate_bpm=numbers.heart_rate_bpm,
            rr_ms=numbers.rr_mean_ms,
            p_ms=numbers.p_ms,
            pr_ms=numbers.pr_ms,
            qrs_ms=numbers.qrs_ms,
            qt_ms=numbers.qt_ms,
            qtc_ms=numbers.qtcb_ms,
            p_axis_deg=numbers.p_axis_deg,
            qrs_axis_deg=numbers.qrs_axis_deg,
            t_axis_deg=numbers.t_axis_deg,
        ),
        spike_samples=trace.spike_samples,
    )


def _header(case: Case, row: Row, number: int) -> WaveformHeader:
    patient = Card.model_validate(case.card).patient
    return WaveformHeader(
        study_uid=uid_of(f"study/{case.case_id}"),
        series_uid=uid_of(f"series/{case.case_id}"),
        instance_uid=uid_of(f"instance/{row.recording_id}"),
        created_at=row.received_at,
        patient=PatientFacts(
            id=patient.id or "",
            name=patient.name,
            sex=patient.sex if patient.sex in ("M", "F", "O") else "",
            birth_date=patient.birth_date,
            age=patient.age,
        ),
        accession_number=case.accession_number,
        issuer_of_patient_id=case.clinic_id,
        instance_number=number,
    )
