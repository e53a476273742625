"""/v1/admin/policies: what each reading site reads of each centre."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from services.gateway.accounts import facts
from services.gateway.accounts.context import CurrentAccounts
from services.gateway.accounts.people import require_organization
from services.gateway.api.admin.access import Administrator, keep_record
from services.gateway.queries import accounts as queries
from shared.errors import FieldProblem, Invalid, NotFound
from shared.events.directory import Center, CriticalPolicy, OrgKind, Priority, SitePolicy
from shared.events.part import Part

router = APIRouter(prefix="/policies", tags=["管理：阅片规则"])

_LONGEST_TARGET_S = 7 * 24 * 3600


class PolicyBody(Part):
    """As in the directory record, without the two names that the path gives."""

    accepts: bool = True
    modalities: Annotated[list[Annotated[str, Field(max_length=16)]], Field(max_length=50)] = []
    clinics: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=500)] = []
    rank: Annotated[int, Field(ge=1, le=1000)] = 100
    max_queue: Annotated[int, Field(ge=0, le=100_000)] | None = None
    signatures: Literal["single", "double"] = "double"
    target_s: dict[Priority, Annotated[int, Field(ge=60, le=_LONGEST_TARGET_S)]] = {}
    critical: CriticalPolicy = CriticalPolicy()


class PolicyList(Part):
    items: list[SitePolicy]


@router.get("", summary="阅片规则列表", response_model_exclude_none=True)
async def list_policies(actor: Administrator, request: Request, context: CurrentAccounts) -> PolicyList:
    async with context.db.transaction() as session:
        found = await queries.facts(session, SitePolicy)
        await keep_record(session, actor, request, "policy.list", "site_policy")
    return PolicyList(items=found)


@router.put("/{reading_site_id}/{center}", summary="设定规则", response_model_exclude_none=True)
async def put_policy(
    reading_site_id: str,
    center: Center,
    body: PolicyBody,
    actor: Administrator,
    request: Request,
    context: CurrentAccounts,
) -> SitePolicy:
    policy = SitePolicy(reading_site_id=reading_site_id, center=center, **dict(body))
    async with context.db.transaction() as session:
        site = await require_organization(session, reading_site_id, "/reading_site_id")
        if site.org_kind is not OrgKind.hospital:
            detail = "只有医院可以承担阅片"
            raise Invalid(detail, errors=[FieldProblem("/reading_site_id", "not_a_hospital", detail)])
        for index, clinic in enumerate(policy.clinics):
            await require_organization(session, clinic, f"/clinics/{index}")
        await facts.publish_changed(session, policy)
        await keep_record(session, actor, request, "policy.change", "site_policy", policy.record_id)
    return policy


@router.delete("/{reading_site_id}/{center}", status_code=204, summary="删除规则")
async def delete_policy(
    reading_site_id: str, center: Center, actor: Administrator, request: Request, context: CurrentAccounts
) -> None:
    record_id = SitePolicy(reading_site_id=reading_site_id, center=center).record_id
    async with context.db.transaction() as session:
        found = await queries.fact(session, SitePolicy, record_id, for_update=True)
        if found is None:
            raise NotFound
        await facts.withdraw(session, found)
        await keep_record(session, actor, request, "policy.delete", "site_policy", record_id)
