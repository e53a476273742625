"""The recordings of a case: what there is, samples, measurements, the median beat, the original files."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field

from services.ecg.api.look import chosen, look
from services.ecg.api.samples import answer_samples, headers_of, waveform_body
from services.ecg.api.shapes import ShownMeasurements, ShownRecording, shown, shown_measurements
from services.ecg.queries import recordings
from services.ecg.rules.facts import Marks
from services.ecg.rules.trace import Trace, unpack
from shared.blobs import BlobRef
from shared.errors import NotFound
from shared.resources import Resources
from shared.web import CurrentActor, CurrentResources
from shared.web.bytes import answer_bytes

RecordingId = Annotated[
    str | None, Query(max_length=64, description="one of the case's recordings; else the latest usable one")
]
Rate = Annotated[
    float | None, Query(ge=50, le=32_000, description="samples/s; the default is as recorded, at most 500")
]
AcceptEncoding = Annotated[str, Header(max_length=1000)]
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


class ShownRecordings(BaseModel):
    case_id: str
    content_version: int
    recordings: list[ShownRecording] = Field(description="in the order they were made")


class ShownMedian(BaseModel):
    recording_id: str
    sampling_rate_hz: float
    leads: list[str]
    microvolts: list[list[int]] = Field(description="lead by lead, µV")
    marks: dict[str, float | None] = Field(description="onsets, offsets and R, ms from the first sample")
    beat_count: int


SAMPLES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {}},
        "description": "int16 µV, little endian, lead after lead; `Ecg-Leads`, `Ecg-Samples`, `Ecg-Sampling-Rate`, "
        "`Ecg-Derived`, `Ecg-Missing` say what they are",
    },
    304: {"description": "Unchanged"},
}


def recordings_router() -> APIRouter:
    router = APIRouter(prefix="/ecg/v1/cases/{case_id}", tags=["ecg"])

    @router.get("/recordings", summary="The ECGs of a case")
    async def list_recordings(
        case_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> ShownRecordings:
        """Whoever holds the case has thereby been shown ECGs that came late."""
        async with resources.db.transaction() as session:
            case, rows = await look(session, request, actor, case_id, at_all=True)
        return ShownRecordings(
            case_id=case_id, content_version=case.content_version, recordings=[shown(row) for row in rows]
        )

    @router.get("/waveform", summary="The samples of one ECG", response_class=Response, responses=SAMPLES)
    async def get_waveform(
        case_id: str,
        request: Request,
        actor: CurrentActor,
        resources: CurrentResources,
        recording: RecordingId = None,
        rate: Rate = None,
        accept_encoding: AcceptEncoding = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        async with resources.db.transaction() as session:
            _, rows = await look(session, request, actor, case_id)
        ref = recordings.trace_of(chosen(rows, recording))
        return await serve_samples(resources, ref, rate, accept_encoding, if_none_match)

    @router.get("/measurements", summary="What was measured, suggested and suspected in one ECG")
    async def get_measurements(
        case_id: str, request: Request, actor: CurrentActor, resources: CurrentResources, recording: RecordingId = None
    ) -> ShownMeasurements:
        async with resources.db.transaction() as session:
            _, rows = await look(session, request, actor, case_id)
        return shown_measurements(chosen(rows, recording))

    @router.get("/median", summary="The median beat of one ECG with its marks")
    async def get_median(
        case_id: str, request: Request, actor: CurrentActor, resources: CurrentResources, recording: RecordingId = None
    ) -> ShownMedian:
        """404 `no_median` where no beat was found."""
        async with resources.db.transaction() as session:
            _, rows = await look(session, request, actor, case_id)
        row = chosen(rows, recording)
        blob = await resources.blobs.read(recordings.trace_of(row))
        return await asyncio.to_thread(lambda: _shown_median(row.recording_id, unpack(blob)))

    @router.get(
        "/recordings/{recording_id}/originals/{number}", summary="A file as the cart wrote it", response_class=Response
    )
    async def get_original(
        case_id: str, recording_id: str, number: int, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> Response:
        async with resources.db.transaction() as session:
            _, rows = await look(session, request, actor, case_id)
        originals = recordings.originals_of(chosen(rows, recording_id))
        if not 1 <= number <= len(originals):
            raise NotFound
        ref = originals[number - 1][1]
        return await answer_bytes(
            resources.blobs,
            ref,
            media_type="application/octet-stream",  # carts' files are XML that nobody has vouched for: never shown
            file_name=f"{recording_id}_{number}.ecg",
            etag=ref.sha256,
        )

    return router


async def serve_samples(
    resources: Resources, ref: BlobRef, rate: float | None, accept_encoding: str, if_none_match: str | None
) -> Response:
    blob = await resources.blobs.read(ref)
    return await asyncio.to_thread(_samples, blob, rate, accept_encoding, if_none_match)


def _samples(blob: bytes, rate: float | None, accept_encoding: str, if_none_match: str | None) -> Response:
    trace = unpack(blob)
    body, rate_hz = waveform_body(trace, rate)
    headers = headers_of(trace.leads, rate_hz, body, trace.derived)
    return answer_samples(body, headers, accept_encoding=accept_encoding, if_none_match=if_none_match)


def _shown_median(recording_id: str, trace: Trace) -> ShownMedian:
    median = trace.median
    if median is None:
        raise NotFound("这份心电图没有可叠加的心搏", code="no_median")
    marks: Marks = median.marks
    return ShownMedian(
        recording_id=recording_id,
        sampling_rate_hz=median.sampling_rate_hz,
        leads=list(median.leads),
        microvolts=[[round(float(value)) for value in lead] for lead in median.microvolts],
        marks={
            "p_on_ms": marks.p_on_ms,
            "p_off_ms": marks.p_off_ms,
            "qrs_on_ms": marks.qrs_on_ms,
            "qrs_off_ms": marks.qrs_off_ms,
            "t_off_ms": marks.t_off_ms,
            "r_ms": marks.r_ms,
        },
        beat_count=median.beat_count,
    )
