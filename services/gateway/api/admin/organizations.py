"""/v1/admin/organizations"""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from services.gateway.accounts import facts
from services.gateway.accounts.context import CurrentAccounts
from services.gateway.accounts.schemas import Name
from services.gateway.api.admin.access import Administrator, Cursor, Limit, keep_record
from services.gateway.queries import accounts as queries
from shared.db import Session
from shared.errors import NotFound
from shared.events.directory import Organization, OrgKind
from shared.events.part import Part
from shared.ids import new_id

router = APIRouter(prefix="/organizations", tags=["管理：机构"])

# Defined terms of (0008,0005) that Chinese machines mean when they declare nothing (PS3.3 C.12.1.1.2).
CharacterSet = Literal["GB18030", "GBK", "ISO 2022 IR 58", "ISO_IR 192", "ISO_IR 100"]
Township = Annotated[str, Field(max_length=64)]
RecognitionMark = Annotated[str, Field(max_length=32, description="互认标识, e.g. 某市HR")]


class NewOrganization(Part):
    name: Name
    org_kind: OrgKind
    township: Township | None = None
    recognition_mark: RecognitionMark | None = None
    default_character_set: CharacterSet | None = None


class OrganizationChanges(Part):
    """Only what is named is changed; null empties a field that may be empty."""

    name: Name = ""
    org_kind: OrgKind = OrgKind.clinic
    township: Township | None = None
    recognition_mark: RecognitionMark | None = None
    default_character_set: CharacterSet | None = None
    active: bool = True


class OrganizationPage(Part):
    items: list[Organization]
    next_cursor: str | None = None


@router.get("", summary="机构列表", response_model_exclude_none=True)
async def list_organizations(
    actor: Administrator,
    request: Request,
    context: CurrentAccounts,
    kind: OrgKind | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> OrganizationPage:
    where = {"org_kind": kind.value} if kind else None
    async with context.db.transaction() as session:
        found = await queries.facts(session, Organization, where=where, after=cursor, limit=limit + 1)
        await keep_record(session, actor, request, "organization.list", "organization")
    page = found[:limit]
    return OrganizationPage(items=page, next_cursor=page[-1].org_id if len(found) > limit else None)


@router.post("", status_code=201, summary="新建机构", response_model_exclude_none=True)
async def create_organization(
    body: NewOrganization, actor: Administrator, request: Request, context: CurrentAccounts
) -> Organization:
    organization = Organization(org_id=new_id("org"), **body.model_dump())
    async with context.db.transaction() as session:
        await facts.publish(session, organization)
        await keep_record(session, actor, request, "organization.create", "organization", organization.org_id)
    return organization


@router.get("/{org_id}", summary="机构", response_model_exclude_none=True)
async def show_organization(
    org_id: str, actor: Administrator, request: Request, context: CurrentAccounts
) -> Organization:
    async with context.db.transaction() as session:
        organization = await _require(session, org_id)
        await keep_record(session, actor, request, "organization.read", "organization", org_id)
    return organization


@router.patch("/{org_id}", summary="修改机构（含默认字符集）", response_model_exclude_none=True)
async def change_organization(
    org_id: str, body: OrganizationChanges, actor: Administrator, request: Request, context: CurrentAccounts
) -> Organization:
    async with context.db.transaction() as session:
        before = await _require(session, org_id, for_update=True)
        after = before.model_copy(update=body.model_dump(exclude_unset=True))
        await facts.publish_changed(session, after)
        await keep_record(session, actor, request, "organization.change", "organization", org_id)
    return after


async def _require(session: Session, org_id: str, *, for_update: bool = False) -> Organization:
    found = await queries.fact(session, Organization, org_id, for_update=for_update)
    if found is None:
        raise NotFound
    return found
