"""``GET /v1/worklist``: what a reading site has to do, over all centres, the most pressing first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.gateway import search
from services.gateway.api import cursor as cursors
from services.gateway.api.recent_reads import record_list
from services.gateway.api.rights import require_reading
from services.gateway.api.shapes import Claimer, Named, WorklistItem, WorklistPage, case_links, iso, state_name
from services.gateway.queries import cases, names
from services.gateway.queries.cases import ListedCase, WorklistFilter
from shared.clock import utc_now
from shared.events.case import CaseSnapshot
from shared.events.directory import Center, Priority
from shared.web import CurrentActor, CurrentResources

router = APIRouter(tags=["worklist"])

_Short = Annotated[str | None, Query(max_length=64)]


@router.get("/v1/worklist")
async def get_worklist(
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    center: Center | None = None,
    state: _Short = None,
    priority: Priority | None = None,
    modality: _Short = None,
    overdue: bool | None = None,
    mine: bool = False,
    q: Annotated[
        str | None, Query(max_length=100, description="姓名、拼音、首字母、病人号、检查号、项目名的任一部分")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> WorklistPage:
    """Cases assigned to your hospital in the centres you work for, by priority, due_at, case_id.

    Without ``state`` every open case. ``mine``: those you hold, and those returned to you.
    """
    require_reading(actor)
    wanted = WorklistFilter(center, state, priority, modality, overdue, mine, search.words(q or ""))
    after = cursors.decode_queue(cursor) if cursor else None
    async with resources.db.transaction() as session:
        found = await cases.worklist(session, actor, wanted, after=after, limit=limit + 1)
        page = found[:limit]
        named = await names.organization_names(
            session, [org for listed in page for org in (listed.case.clinic_id, listed.case.reading_site_id)]
        )
        await record_list(session, request, actor, "worklist.read")
    last = page[-1].case if len(found) > limit else None
    following = cursors.encode(last.priority_rank, iso(last.due_order), last.case_id) if last else None
    return WorklistPage(items=[worklist_item(listed, named) for listed in page], next_cursor=following)


def worklist_item(listed: ListedCase, named: dict[str, str]) -> WorklistItem:
    snapshot = CaseSnapshot.model_validate(listed.case.snapshot)
    holder, author, site = snapshot.holder, snapshot.author, snapshot.reading_site_id
    return WorklistItem(
        case_id=snapshot.case_id,
        center=snapshot.center,
        state=snapshot.state,
        state_name=state_name(snapshot.state),
        priority=snapshot.priority,
        due_at=snapshot.due_at,
        seconds_left=listed.seconds_left if listed.case.is_open else None,
        accession_number=snapshot.accession_number,
        received_at=snapshot.received_at,
        patient=snapshot.card.patient,
        exam=snapshot.card.exam,
        encounter=snapshot.card.encounter,
        clinical_info=snapshot.card.clinical_info,
        clinic=Named(id=snapshot.clinic_id, name=named.get(snapshot.clinic_id, snapshot.clinic_id)),
        reading_site=Named(id=site, name=named.get(site, site)) if site else None,
        claimed_by=Claimer(account_id=holder.account_id, name=holder.name, stage=holder.stage) if holder else None,
        claim_until=holder.until if holder and holder.until > utc_now() else None,
        author=Claimer(account_id=author.account_id, name=author.name, stage="report") if author else None,
        warnings=snapshot.warnings,
        content_count=snapshot.content_count,
        study_uids=snapshot.study_uids,
        repeats=snapshot.repeats,
        cancel_requested=snapshot.cancel_requested,
        report_id=snapshot.report_id,
        links=case_links(snapshot.center, snapshot.case_id, snapshot.report_id),
    )
