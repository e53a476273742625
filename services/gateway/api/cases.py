"""``GET /v1/cases``: a clinic's day, over all centres."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.gateway.api import cursor as cursors
from services.gateway.api.recent_reads import record_list
from services.gateway.api.rights import require_reports
from services.gateway.api.shapes import Named, iso, state_name
from services.gateway.queries import cases, names
from services.gateway.queries.cases import ListedCase
from shared.clock import SHANGHAI, to_shanghai, utc_now
from shared.events.case import CaseSnapshot, CaseWarning, Exam, Patient
from shared.events.directory import Center, Priority
from shared.web import CurrentActor, CurrentResources

router = APIRouter(tags=["cases"])


_REPORTED_STATES = frozenset({"signed", "amending", "amend_review", "voided", "released"})


_ENDED_UNREAD = frozenset({"rejected", "canceled"})
"""Their comment is for the clinic; a returned report's is for its author."""


class ClinicCase(BaseModel):
    """``reason``, ``comment``: why a rejected case was rejected, or a canceled one canceled."""

    case_id: str
    center: Center
    accession_number: str
    state: str
    state_name: str
    priority: Priority
    opened_at: dt.datetime
    due_at: dt.datetime | None
    seconds_left: int | None
    overdue: bool
    patient: Patient
    exam: Exam
    reading_site: Named | None
    warnings: list[CaseWarning]
    reason: str | None
    comment: str | None
    repeats: str | None
    repeated_by: str | None
    report_id: str | None
    links: dict[str, str]


class ClinicDay(BaseModel):
    date: dt.date
    items: list[ClinicCase]
    next_cursor: str | None


@router.get("/v1/cases")
async def get_cases(
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    date: Annotated[dt.date | None, Query(description="北京时间的日期，默认今天")] = None,
    state: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> ClinicDay:
    """What your organization sent on one day (Asia/Shanghai), newest first."""
    require_reports(actor)
    after = cursors.decode_day(cursor) if cursor else None
    day = date or to_shanghai(utc_now()).date()
    start, end = _bounds(day)
    async with resources.db.transaction() as session:
        found = await cases.clinic_cases(
            session, actor, start=start, end=end, state=state, after=after, limit=limit + 1
        )
        page = found[:limit]
        named = await names.organization_names(session, [listed.case.reading_site_id for listed in page])
        await record_list(session, request, actor, "cases.read")
    last = page[-1].case if len(found) > limit else None
    following = cursors.encode(iso(last.opened_at), last.case_id) if last else None
    return ClinicDay(date=day, items=[_item(listed, named) for listed in page], next_cursor=following)


def _bounds(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Midnight to midnight. The calendar's last and first days have no neighbour: they are cut, not refused."""
    start = dt.datetime.combine(max(day, dt.date(1900, 1, 1)), dt.time(), SHANGHAI)
    start = min(start, dt.datetime(9998, 1, 1, tzinfo=SHANGHAI))
    return start, start + dt.timedelta(days=1)


def _item(listed: ListedCase, named: dict[str, str]) -> ClinicCase:
    snapshot = CaseSnapshot.model_validate(listed.case.snapshot)
    site = snapshot.reading_site_id
    links = {"self": f"/{snapshot.center}/v1/cases/{snapshot.case_id}"}
    if snapshot.report_id is not None and snapshot.state in _REPORTED_STATES:
        links |= {
            "report": f"/v1/reports/{snapshot.report_id}",
            "pdf": f"/v1/reports/{snapshot.report_id}.pdf",
        }
    is_open = listed.case.is_open
    return ClinicCase(
        case_id=snapshot.case_id,
        center=snapshot.center,
        accession_number=snapshot.accession_number,
        state=snapshot.state,
        state_name=state_name(snapshot.state),
        priority=snapshot.priority,
        opened_at=listed.case.opened_at,
        due_at=snapshot.due_at,
        seconds_left=listed.seconds_left if is_open else None,
        overdue=is_open and listed.seconds_left is not None and listed.seconds_left < 0,
        patient=snapshot.card.patient,
        exam=snapshot.card.exam,
        reading_site=Named(id=site, name=named.get(site, site)) if site else None,
        warnings=snapshot.warnings,
        reason=snapshot.reason,
        comment=snapshot.comment if snapshot.state in _ENDED_UNREAD else None,
        repeats=snapshot.repeats,
        repeated_by=snapshot.repeated_by,
        report_id=snapshot.report_id,
        links=links,
    )
