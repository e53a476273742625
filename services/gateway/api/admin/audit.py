"""/v1/admin/audit: the gateway's own audit entries; each centre keeps its own."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from services.gateway.accounts.context import CurrentAccounts
from services.gateway.api.admin.access import Limit, Overseer, keep_record
from services.gateway.queries.audit import audit_entries
from shared.events.part import Part

router = APIRouter(prefix="/audit", tags=["管理：审计"])

Named = Annotated[str | None, Query(max_length=128)]
# Beyond them a zone's offset leaves what a timestamp can hold.
Moment = Annotated[
    AwareDatetime | None, Query(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class AuditItem(Part):
    id: int
    at: datetime
    action: str
    outcome: str
    account_id: str
    org_id: str
    record_kind: str
    record_id: str
    address: str
    correlation_id: str
    detail: dict[str, object]
    sealed: bool


class AuditPage(Part):
    items: list[AuditItem]
    next_cursor: int | None = None


@router.get("", summary="审计记录，新的在前", response_model_exclude_none=True)
async def list_audit(
    actor: Overseer,
    request: Request,
    context: CurrentAccounts,
    account_id: Named = None,
    action: Named = None,
    record_kind: Named = None,
    record_id: Named = None,
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 100,
    cursor: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> AuditPage:
    asked = {"account_id": account_id, "action": action, "record_kind": record_kind, "record_id": record_id}
    async with context.db.transaction() as session:
        found = await audit_entries(
            session,
            equal_to={column: value for column, value in asked.items() if value is not None},
            since=since,
            until=until,
            before_id=cursor,
            limit=limit + 1,
        )
        await keep_record(session, actor, request, "audit.list", "audit_entry")
    page = found[:limit]
    items = [
        AuditItem.model_validate(
            {name: getattr(entry, name) for name in AuditItem.model_fields if name != "sealed"}
            | {"sealed": entry.seal_id is not None}
        )
        for entry in page
    ]
    return AuditPage(items=items, next_cursor=page[-1].id if len(found) > limit else None)
