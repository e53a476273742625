"""Standing authorisations: a named person answers for what passes every rule, so that one signature releases it."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, Field

from services.lab.api.site import WORKS, laboratory_of
from services.lab.catalogue.catalogue import load_catalogue
from services.lab.models import Authorisation
from services.lab.queries import policies
from services.lab.queries.authorisations import authorisations_of, lock_authorisation
from services.lab.queries.rule_sets import digest_of, shipped
from services.lab.report_form.form import ItemCode
from shared.auth import Role
from shared.db import Session, database_now
from shared.errors import Conflict, FieldProblem, Invalid, SamePerson
from shared.events.part import Part
from shared.ids import new_id
from shared.reading.routes.call import CurrentCall
from shared.reading.schemas.requests import Reason

_LONGEST = timedelta(days=366)
_GIVES = (Role.technologist, Role.reviewer)

Id = Annotated[str, Path(max_length=128)]
_Codes = Annotated[list[ItemCode], Field(max_length=500)]


class NewAuthorisation(Part):
    rule_set: Annotated[str, Field(min_length=1, max_length=128)] = Field(description="name@version")
    items: _Codes = []
    panels: _Codes = Field(default=[], description="their items as they are today")
    valid_until: AwareDatetime = Field(description="at most a year ahead")


class Revocation(Part):
    reason: Reason


class Policy(Part):
    releases_alone: bool


class Deed(BaseModel):
    account_id: str
    name: str
    at: datetime


class ShownAuthorisation(BaseModel):
    authorisation_id: str
    rule_set: str
    items: list[str]
    panels: list[str]
    valid_until: datetime
    holds: bool = Field(description="confirmed, not revoked, not past; the laboratory's policy is another matter")
    given: Deed
    confirmed: Deed | None
    revoked: Deed | None
    revoked_why: str | None


class ShownAuthorisations(BaseModel):
    releases_alone: bool = Field(description="the laboratory's policy: without it no authorisation counts")
    authorisations: list[ShownAuthorisation] = Field(description="the newest first, past ones too")


def authorisations_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["rules"])

    @router.get("/authorisations", summary="Who answers for what one person releases alone")
    async def list_authorisations(call: CurrentCall) -> ShownAuthorisations:
        async with call.resources.db.transaction() as session:
            laboratory_id = laboratory_of(call.actor)
            policy = await policies.policy_of(session, laboratory_id)
            now = await database_now(session)
            found = [_shown(each, now) for each in await authorisations_of(session, laboratory_id)]
        return ShownAuthorisations(releases_alone=policy is not None and policy.releases_alone, authorisations=found)

    @router.post("/authorisations", summary="Answer for what a rule set lets pass", status_code=201)
    async def give(body: NewAuthorisation, call: CurrentCall) -> ShownAuthorisation:
        """By a technologist or reviewer, who is named on every report that it releases; it holds once another person
        has confirmed it. No diagnostic items."""
        async with call.resources.db.transaction() as session:
            laboratory_id = laboratory_of(call.actor, *_GIVES)
            now = await database_now(session)
            given = Authorisation(
                authorisation_id=new_id("aut"),
                laboratory_id=laboratory_id,
                rule_set=body.rule_set,
                digest=_digest(body.rule_set, laboratory_id),
                items=_items(body),
                panels=body.panels,
                valid_until=_until(body.valid_until, now),
                given_by=call.actor.account_id,
                given_by_name=call.actor.name,
                given_at=now,
            )
            session.add(given)
            await session.flush()
            await _audit(session, call, "give", given)
            return _shown(given, now)

    @router.post("/authorisations/{authorisation_id}/confirm", summary="Another person confirms it")
    async def confirm(authorisation_id: Id, call: CurrentCall) -> ShownAuthorisation:
        """409 `same_person` for who gave it, `authorisation_over` for one that is revoked or past."""
        async with call.resources.db.transaction() as session:
            given = await lock_authorisation(session, laboratory_of(call.actor, *_GIVES), authorisation_id)
            now = await database_now(session)
            if given.given_by == call.actor.account_id:
                raise SamePerson("授权人与确认人不能为同一人")
            if given.revoked_at is not None or given.valid_until <= now:
                raise Conflict("授权已撤销或已过期", code="authorisation_over")
            if given.confirmed_at is None:
                given.confirmed_by, given.confirmed_by_name, given.confirmed_at = (
                    call.actor.account_id,
                    call.actor.name,
                    now,
                )
                await _audit(session, call, "confirm", given)
            return _shown(given, now)

    @router.post("/authorisations/{authorisation_id}/revoke", summary="Take it back, at once")
    async def revoke(authorisation_id: Id, body: Revocation, call: CurrentCall) -> ShownAuthorisation:
        """By anybody who works in the laboratory: a doubt is enough. A signature under way is not recorded any more."""
        async with call.resources.db.transaction() as session:
            given = await lock_authorisation(session, laboratory_of(call.actor, *WORKS), authorisation_id)
            now = await database_now(session)
            if given.revoked_at is None:
                given.revoked_by, given.revoked_by_name, given.revoked_at = (
                    call.actor.account_id,
                    call.actor.name,
                    now,
                )
                given.revoked_why = body.reason
                await _audit(session, call, "revoke", given)
            return _shown(given, now)

    @router.put("/policy", summary="Whether one signature may release what passed every rule")
    async def choose(body: Policy, call: CurrentCall) -> Policy:
        """By a reviewer of the laboratory."""
        async with call.resources.db.transaction() as session:
            laboratory_id = laboratory_of(call.actor, Role.reviewer)
            await policies.set_releases_alone(session, call.actor, laboratory_id, is_on=body.releases_alone)
            action = "policy.releases_alone" if body.releases_alone else "policy.two_sign"
            await call.audit(session, action, laboratory_id, "laboratory")
        return body

    return router


def _digest(rule_set: str, laboratory_id: str) -> str:
    """Raises Invalid for a rule set that is not shipped, or is another site's."""
    rules = shipped().get(rule_set)
    if rules is None or rules.site not in (None, laboratory_id):
        raise Invalid("没有这个规则集", errors=[FieldProblem("/rule_set", "rule_set_unknown", "没有这个规则集")])
    return digest_of(rule_set)


def _items(body: NewAuthorisation) -> list[str]:
    """Raises Invalid for none, unknown ones, and those that need a physician (卫医发〔2006〕73号)."""
    catalogue = load_catalogue()
    problems = [
        FieldProblem(f"/panels/{place}", "panel_unknown", f"没有组合 {code}")
        for place, code in enumerate(body.panels)
        if catalogue.panel(code) is None
    ]
    for place, code in enumerate(body.items):
        if catalogue.item(code) is None:
            problems.append(FieldProblem(f"/items/{place}", "item_unknown", f"没有项目 {code}"))
    named = {*body.items, *(item.code for code in body.panels for item in catalogue.panel_items(code))}
    found = [item for item in catalogue.items if item.code in named]
    problems += [
        FieldProblem("/items", "item_diagnostic", f"{item.name} 为诊断性项目，须由执业医师审核")
        for item in found
        if item.diagnostic
    ]
    if not named and not problems:
        problems.append(FieldProblem("/items", "required", "请指明项目或组合"))
    if problems:
        raise Invalid("授权范围不正确", errors=problems)
    return [item.code for item in found]


def _until(moment: datetime, now: datetime) -> datetime:
    if not now < moment <= now + _LONGEST:
        text = "有效期须在一年之内"
        raise Invalid(text, errors=[FieldProblem("/valid_until", "out_of_range", text)])
    return moment


async def _audit(session: Session, call: CurrentCall, deed: str, given: Authorisation) -> None:
    await call.audit(session, f"authorisation.{deed}", given.authorisation_id, "authorisation")


def _shown(given: Authorisation, now: datetime) -> ShownAuthorisation:
    return ShownAuthorisation(
        authorisation_id=given.authorisation_id,
        rule_set=given.rule_set,
        items=given.items,
        panels=given.panels,
        valid_until=given.valid_until,
        holds=given.confirmed_at is not None and given.revoked_at is None and given.valid_until > now,
        given=Deed(account_id=given.given_by, name=given.given_by_name, at=given.given_at),
        confirmed=_deed(given.confirmed_by, given.confirmed_by_name, given.confirmed_at),
        revoked=_deed(given.revoked_by, given.revoked_by_name, given.revoked_at),
        revoked_why=given.revoked_why,
    )


def _deed(account_id: str | None, name: str | None, at: datetime | None) -> Deed | None:
    if account_id is None or at is None:
        return None
    return Deed(account_id=account_id, name=name or "", at=at)
