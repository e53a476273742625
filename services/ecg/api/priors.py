"""The patient's earlier ECGs, for comparison."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.ecg.api.recordings import SAMPLES, AcceptEncoding, IfNoneMatch, Rate, serve_samples
from services.ecg.models import Recording
from services.ecg.queries import recordings
from shared import audit
from shared.auth import Actor
from shared.db import Session, database_now
from shared.errors import NotFound
from shared.reading.models import Case
from shared.reading.queries import cases, claims
from shared.reading.workflow.step import is_live
from shared.web import CurrentActor, CurrentResources, client_address


class PriorRecording(BaseModel):
    recording_id: str
    case_id: str
    recorded_at: datetime | None
    format: str
    sampling_rate_hz: float
    leads: list[str]
    derived: list[str]
    measurements: dict[str, object]
    link: str


class PriorRecordings(BaseModel):
    case_id: str
    recordings: list[PriorRecording]


def priors_router() -> APIRouter:
    router = APIRouter(prefix="/ecg/v1/cases/{case_id}/prior-waveforms", tags=["ecg"])

    @router.get("", summary="The patient's earlier ECGs of this centre")
    async def list_priors(
        case_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> PriorRecordings:
        """The newest first. Those of cases you may see anyhow, and the others while you hold this case."""
        async with resources.db.transaction() as session:
            found = await _priors(session, request, actor, case_id)
        return PriorRecordings(case_id=case_id, recordings=[_shown(case_id, row) for row in found])

    @router.get("/{recording_id}", summary="The samples of an earlier ECG", response_class=Response, responses=SAMPLES)
    async def get_prior(
        case_id: str,
        recording_id: str,
        request: Request,
        actor: CurrentActor,
        resources: CurrentResources,
        rate: Rate = None,
        accept_encoding: AcceptEncoding = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        async with resources.db.transaction() as session:
            found = await _priors(session, request, actor, case_id)
        row = next((each for each in found if each.recording_id == recording_id), None)
        if row is None:
            raise NotFound
        return await serve_samples(resources, recordings.trace_of(row), rate, accept_encoding, if_none_match)

    return router


async def _priors(session: Session, request: Request, actor: Actor, case_id: str) -> list[Recording]:
    case = await cases.see(session, actor, case_id)
    seen_by = None if await _holds(session, actor, case) else actor
    found = await recordings.earlier_of_person(session, case, seen_by)
    if not await audit.seen_recently(session, actor, "priors.read", "case", case_id):
        await audit.record(
            session, actor, "priors.read", "case", case_id, address=client_address(request),
            detail={"cases": sorted({row.case_id for row in found})},
        )  # fmt: skip
    return found


async def _holds(session: Session, actor: Actor, case: Case) -> bool:
    claim = await claims.unended(session, case.case_id)
    return claim is not None and claim.account_id == actor.account_id and is_live(claim, await database_now(session))


def _shown(case_id: str, row: Recording) -> PriorRecording:
    return PriorRecording(
        recording_id=row.recording_id,
        case_id=row.case_id,
        recorded_at=row.recorded_at,
        format=row.format,
        sampling_rate_hz=row.sampling_rate_hz,
        leads=row.leads,
        derived=row.derived,
        measurements=row.analysis["measurements"],
        link=f"/ecg/v1/cases/{case_id}/prior-waveforms/{row.recording_id}",
    )
