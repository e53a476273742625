"""/v1/admin/contacts: whom to call about a critical result or an outage."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.gateway.accounts import facts
from services.gateway.accounts.context import CurrentAccounts
from services.gateway.accounts.people import require_organization
from services.gateway.accounts.schemas import Name
from services.gateway.api.admin.access import Administrator, keep_record
from services.gateway.queries import accounts as queries
from shared.db import Session
from shared.errors import NotFound
from shared.events.directory import Center, DutyContact
from shared.events.part import Part
from shared.ids import new_id

router = APIRouter(prefix="/contacts", tags=["管理：值班联系人"])

Phone = Annotated[str, Field(pattern=r"^[0-9+() -]{3,32}$")]
Rank = Annotated[int, Field(ge=1, le=1000, description="the lowest is called first")]


class NewContact(Part):
    org_id: Annotated[str, Field(max_length=64)]
    name: Name
    phone: Phone
    rank: Rank = 1
    center: Center | None = None


class ContactChanges(Part):
    """Only what is named is changed; a null centre means all."""

    name: Name = ""
    phone: Phone = ""
    rank: Rank = 1
    center: Center | None = None
    active: bool = True


class ContactList(Part):
    items: list[DutyContact]


@router.get("", summary="联系人列表", response_model_exclude_none=True)
async def list_contacts(
    actor: Administrator,
    request: Request,
    context: CurrentAccounts,
    org_id: Annotated[str | None, Query(max_length=64)] = None,
) -> ContactList:
    async with context.db.transaction() as session:
        found = await queries.facts(session, DutyContact, where={"org_id": org_id} if org_id else None)
        await keep_record(session, actor, request, "contact.list", "duty_contact")
    return ContactList(items=sorted(found, key=lambda contact: (contact.org_id, contact.rank)))


@router.post("", status_code=201, summary="新建联系人", response_model_exclude_none=True)
async def create_contact(
    body: NewContact, actor: Administrator, request: Request, context: CurrentAccounts
) -> DutyContact:
    contact = DutyContact(contact_id=new_id("con"), **body.model_dump())
    async with context.db.transaction() as session:
        await require_organization(session, contact.org_id)
        await facts.publish(session, contact)
        await keep_record(session, actor, request, "contact.create", "duty_contact", contact.contact_id)
    return contact


@router.get("/{contact_id}", summary="联系人", response_model_exclude_none=True)
async def show_contact(
    contact_id: str, actor: Administrator, request: Request, context: CurrentAccounts
) -> DutyContact:
    async with context.db.transaction() as session:
        contact = await _require(session, contact_id)
        await keep_record(session, actor, request, "contact.read", "duty_contact", contact_id)
    return contact


@router.patch("/{contact_id}", summary="修改联系人", response_model_exclude_none=True)
async def change_contact(
    contact_id: str, body: ContactChanges, actor: Administrator, request: Request, context: CurrentAccounts
) -> DutyContact:
    async with context.db.transaction() as session:
        before = await _require(session, contact_id, for_update=True)
        after = before.model_copy(update=body.model_dump(exclude_unset=True))
        await facts.publish_changed(session, after)
        await keep_record(session, actor, request, "contact.change", "duty_contact", contact_id)
    return after


@router.delete("/{contact_id}", status_code=204, summary="删除联系人")
async def delete_contact(contact_id: str, actor: Administrator, request: Request, context: CurrentAccounts) -> None:
    async with context.db.transaction() as session:
        await facts.withdraw(session, await _require(session, contact_id, for_update=True))
        await keep_record(session, actor, request, "contact.delete", "duty_contact", contact_id)


async def _require(session: Session, contact_id: str, *, for_update: bool = False) -> DutyContact:
    found = await queries.fact(session, DutyContact, contact_id, for_update=for_update)
    if found is None:
        raise NotFound
    return found
