"""``GET /v1/cases/{case_id}/prior``: the patient's earlier reports in the region, for who holds the case."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from services.gateway.api.reports import summary
from services.gateway.api.rights import require_reading
from services.gateway.queries import cases, reports
from shared import audit
from shared.errors import NotFound, RoleRequired
from shared.web import CurrentActor, CurrentResources, client_address

router = APIRouter(tags=["worklist"])


@router.get("/v1/cases/{case_id}/prior")
async def get_prior(
    case_id: str,
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> dict[str, list[dict[str, Any]]]:
    """Matched by the same clinic's patient number or the same citizen's number, never by the name. Newest first."""
    async with resources.db.transaction() as session:
        found = await cases.find_assigned(session, actor, case_id)
        if found is None:
            raise NotFound()
        require_reading(actor)
        case, is_held = found
        if not is_held:
            raise RoleRequired("仅领取该病例的医师可以查看既往报告", code="not_holder")
        priors = await reports.find_priors(session, case, limit)
        await audit.record(
            session,
            actor,
            "prior.read",
            "case",
            case_id,
            address=client_address(request),
            detail={"reports": [prior.version.report_id for prior in priors]},
        )
    return {"reports": [summary(prior) for prior in priors]}
