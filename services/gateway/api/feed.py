"""``GET /v1/reports``: the feed that clinics and hospital systems poll."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.gateway.api import cursor as cursors
from services.gateway.api.open_waits import OpenWaits
from services.gateway.api.pulse import Pulse
from services.gateway.api.rights import require_reports
from services.gateway.api.shapes import Named, report_links
from services.gateway.queries import feed
from services.gateway.queries.feed import FeedFilter, FeedLine, Head
from shared import audit
from shared.auth import Actor
from shared.events.directory import Center
from shared.resources import Resources
from shared.web import CurrentActor, CurrentResources, client_address

router = APIRouter(tags=["reports"])

Kind = Literal["signed", "amended", "voided", "relinked"]
_Id = Annotated[str | None, Query(max_length=128)]


class FeedPatient(BaseModel):
    id: str | None
    name: str
    sex: str
    birth_date: str | None
    age: str | None


class FeedExam(BaseModel):
    code: str | None
    name: str
    modality: str | None
    laterality: str | None


class FeedReport(BaseModel):
    """``status`` and ``superseded_by`` say how the report stands now; the rest what the line told when it was made.

    ``reason``: of an amendment or a void.
    """

    seq: int
    report_id: str
    version: int
    kind: Kind
    status: Literal["released", "superseded", "voided"]
    superseded_by: int | None
    center: Center
    case_id: str
    accession_number: str
    clinic: Named
    reading_site: Named | None
    patient: FeedPatient
    exam: FeedExam
    critical: bool
    signed_at: datetime | None
    voided_at: datetime | None = None
    reason: str | None
    links: dict[str, str]


class FeedPage(BaseModel):
    reports: list[FeedReport]
    next_cursor: str


@router.get("/v1/reports")
async def follow_reports(
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    after: Annotated[str | None, Query(max_length=200, description="上一页的 next_cursor；省略则从头开始")] = None,
    center: Center | None = None,
    clinic: _Id = None,
    patient: Annotated[str | None, Query(max_length=128, description="机构内的病人号")] = None,
    kind: Kind | None = None,
    wait: Annotated[float, Query(ge=0, le=30, description="没有新报告时最多等待的秒数")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> FeedPage:
    """Each (report_id, version, kind) once, in order, without a gap. Keep ``next_cursor`` and come back with it.

    The cursor moves on even when nothing matched. Amended may come before signed, where the older file was late.
    """
    require_reports(actor)
    wanted = FeedFilter(center, clinic, patient, kind)
    position = _position(after)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        lines, head = await _read(request, resources, actor, wanted, position, limit)
        left_s = deadline - loop.time()
        if lines or left_s <= 0 or await request.is_disconnected():
            break
        position = (head.epoch, head.n)
        pulse: Pulse = request.app.state.pulse
        open_polls: OpenWaits = request.app.state.open_polls
        with open_polls.hold(actor.account_id):
            await pulse.wait_for_report(feed.viewpoint(actor), head.n, left_s)
        if pulse.is_stopping:
            break
    end = lines[-1].seq if len(lines) == limit else head.n
    return FeedPage(reports=[_report(line) for line in lines], next_cursor=cursors.encode(head.epoch, end))


async def _read(
    request: Request,
    resources: Resources,
    actor: Actor,
    wanted: FeedFilter,
    position: tuple[str | None, int],
    limit: int,
) -> tuple[list[FeedLine], Head]:
    epoch, after = position
    async with resources.db.transaction() as session:
        lines, head = await feed.feed_page(session, actor, wanted, after=after, limit=limit)
        if (epoch is not None and epoch != head.epoch) or after > head.n:
            raise cursors.refused("/query/after")
        if lines:
            await audit.record(
                session,
                actor,
                "feed.read",
                "organization",
                actor.org_id,
                address=client_address(request),
                detail={"reports": [f"{line.report_id}/{line.version}" for line in lines]},
            )
    return lines, head


def _position(after: str | None) -> tuple[str | None, int]:
    """(epoch, number); from the beginning without a cursor."""
    if not after:
        return None, 0
    epoch, number = cursors.decode(after, str, int, pointer="/query/after")
    return str(epoch), int(number)


def _report(line: FeedLine) -> FeedReport:
    superseded = line.latest_version if line.latest_version and line.latest_version > line.version else None
    status = "voided" if line.is_voided else "superseded" if superseded else "released"
    return FeedReport.model_validate(
        {
            **line.item,
            "seq": line.seq,
            "report_id": line.report_id,
            "version": line.version,
            "kind": line.kind,
            "status": status,
            "superseded_by": superseded,
            "links": report_links(line.report_id, line.version),
        }
    )
