"""``GET /v1/criticals/indicators``: how the region's critical-result loop is kept."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.gateway.api.recent_reads import record_list
from services.gateway.api.rights import require_reports
from services.gateway.api.shapes import Named
from services.gateway.queries import names
from services.gateway.queries.critical_indicators import Counted, counted
from shared.clock import SHANGHAI, to_shanghai, utc_now
from shared.errors import FieldProblem, Invalid
from shared.web import CurrentActor, CurrentResources

router = APIRouter(tags=["criticals"])

_LONGEST = dt.timedelta(days=366)
_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(9998, 1, 1)


class Indicators(BaseModel):
    """Rates are of those whose time is over or that were done; None where there is none. False alarms are in
    ``found`` and ``false_alarms`` only."""

    found: int
    confirmed: int
    open: int
    notified_in_time: int = Field(description="the clinic had it by acknowledge_by: ten minutes from the finding")
    notified_in_time_rate: float | None = Field(description="危急值通报及时率 (CL-15)")
    acknowledged_on_time: int = Field(description="read back by respond_by: the clinic's own share")
    acknowledged_on_time_rate: float | None
    acted_on_time: int
    acted_on_time_rate: float | None
    read_back_failures: int
    unreachable: int
    escalated: int
    false_alarms: int
    telephoned: int
    median_minutes_to_acknowledge: float | None
    median_minutes_to_respond: float | None
    median_minutes_to_act: float | None


class CenterIndicators(Indicators):
    center: str


class ClinicIndicators(CenterIndicators):
    clinic: Named


class IndicatorsAnswer(BaseModel):
    """``until`` is the last day counted."""

    since: dt.date
    until: dt.date
    total: Indicators
    by_center: list[CenterIndicators]
    by_clinic: list[ClinicIndicators]


_Day = Annotated[dt.date | None, Query(alias="from", description="北京时间的日期，默认 30 天前")]
_LastDay = Annotated[dt.date | None, Query(alias="to", description="北京时间的日期，含当日，默认今天")]


@router.get("/v1/criticals/indicators")
async def get_indicators(
    request: Request, actor: CurrentActor, resources: CurrentResources, first: _Day = None, last: _LastDay = None
) -> IndicatorsAnswer:
    """Of the results you may see, by the day they were found (Asia/Shanghai)."""
    require_reports(actor)
    until = min(max(last or to_shanghai(utc_now()).date(), _EARLIEST), _LATEST)
    since = min(max(first or until - dt.timedelta(days=30), _EARLIEST), _LATEST)
    if not dt.timedelta(0) <= until - since <= _LONGEST:
        detail = "起止日期须先后有序，且不超过一年"
        raise Invalid(detail, errors=[FieldProblem("/query/from", "bad_range", detail)])
    start = dt.datetime.combine(since, dt.time(), SHANGHAI)
    end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), SHANGHAI)
    async with resources.db.transaction() as session:
        groups = await counted(session, actor, start=start, end=end)
        named = await names.organization_names(session, [group.clinic_id for group in groups])
        await record_list(session, request, actor, "criticals.count")
    return IndicatorsAnswer(
        since=since,
        until=until,
        total=next(Indicators.model_validate(_rates(group)) for group in groups if group.center is None),
        by_center=[
            CenterIndicators.model_validate({**_rates(group), "center": group.center})
            for group in groups
            if group.center is not None and group.clinic_id is None
        ],
        by_clinic=[
            ClinicIndicators.model_validate(
                {
                    **_rates(group),
                    "center": group.center,
                    "clinic": Named(id=group.clinic_id, name=named[group.clinic_id]),
                }
            )
            for group in groups
            if group.clinic_id is not None
        ],
    )


def _rates(group: Counted) -> dict[str, Any]:
    counts = group.counts
    return {
        **counts,
        "notified_in_time_rate": _share(counts["notified_in_time"], counts["notify_judged"]),
        "acknowledged_on_time_rate": _share(counts["acknowledged_on_time"], counts["respond_judged"]),
        "acted_on_time_rate": _share(counts["acted_on_time"], counts["act_judged"]),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
