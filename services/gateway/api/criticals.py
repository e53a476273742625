"""``GET /v1/criticals``: the critical results (危急值) of all centres, for the clinics and sites they concern."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.gateway.api import cursor as cursors
from services.gateway.api.recent_reads import record_list
from services.gateway.api.rights import require_reports
from services.gateway.api.shapes import Named, iso
from services.gateway.queries import criticals, names
from services.gateway.queries.criticals import CriticalFilter, ListedCritical
from shared import audit
from shared.errors import NotFound
from shared.events.critical import Contact, CriticalSnapshot, CriticalStep
from shared.events.directory import Center
from shared.web import CurrentActor, CurrentResources, client_address

router = APIRouter(tags=["criticals"])

STATE_NAMES = {
    "found": "疑似，待核实",
    "verified": "已核实，待通知",
    "notified": "已通知，待确认",
    "acknowledged": "已确认，待处置",
    "acted": "已处置",
    "closed": "已闭环",
    "false_alarm": "误报",
}


class CriticalItem(CriticalSnapshot):
    """``seconds_left`` until the clinic must have it, by the database's clock; negative when late, None once it has."""

    state_name: str
    clinic: Named
    reading_site: Named | None
    seconds_left: int | None
    late: bool
    links: dict[str, str]


class CriticalPage(BaseModel):
    items: list[CriticalItem]
    next_cursor: str | None


class ShownStep(CriticalStep):
    contact: Contact | None = None


class WholeCritical(CriticalItem):
    timeline: list[ShownStep]


_Short = Annotated[str | None, Query(max_length=64)]


@router.get("/v1/criticals")
async def get_criticals(
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    state: _Short = None,
    center: Center | None = None,
    clinic: _Short = None,
    open: Annotated[bool | None, Query(description="true：未闭环")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> CriticalPage:
    """Newest first. A clinic sees its own from their verification on, a reading site those of the cases it reads, a
    system with scope ``reports:region`` all that were verified."""
    require_reports(actor)
    wanted = CriticalFilter(state, center, clinic, open)
    after = cursors.decode_day(cursor) if cursor else None
    async with resources.db.transaction() as session:
        found = await criticals.page(session, actor, wanted, after=after, limit=limit + 1)
        shown = found[:limit]
        named = await names.organization_names(
            session, [org for each in shown for org in (each.row.clinic_id, each.row.reading_site_id)]
        )
        await record_list(session, request, actor, "criticals.read")
    last = shown[-1].row if len(found) > limit else None
    following = cursors.encode(iso(last.found_at), last.critical_id) if last else None
    return CriticalPage(
        items=[CriticalItem.model_validate(_item(each, named)) for each in shown], next_cursor=following
    )


@router.get("/v1/criticals/{critical_id}")
async def get_critical(
    critical_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
) -> WholeCritical:
    """With every step that was told, and whom each escalation called."""
    async with resources.db.transaction() as session:
        found = await criticals.find(session, actor, critical_id)
        if found is None:
            raise NotFound
        require_reports(actor)
        steps = await criticals.steps(session, critical_id)
        named = await names.organization_names(session, [found.row.clinic_id, found.row.reading_site_id])
        await audit.record(session, actor, "critical.read", "critical", critical_id, address=client_address(request))
    timeline = [{**each.step, "contact": each.contact} for each in steps]
    return WholeCritical.model_validate({**_item(found, named), "timeline": timeline})


def _item(listed: ListedCritical, named: dict[str, str]) -> dict[str, Any]:
    row, left = listed.row, listed.seconds_left
    site = row.reading_site_id
    return {
        **row.snapshot,
        "state_name": STATE_NAMES.get(row.state, row.state),
        "clinic": Named(id=row.clinic_id, name=named.get(row.clinic_id, row.clinic_id)),
        "reading_site": Named(id=site, name=named.get(site, site)) if site else None,
        "seconds_left": left,
        "late": left is not None and left < 0,
        "links": {
            "self": f"/v1/criticals/{row.critical_id}",
            "center": f"/{row.center}/v1/criticals/{row.critical_id}",
            "case": f"/{row.center}/v1/cases/{row.case_id}",
        },
    }
