"""Rule sets: what is shipped, what each proves of itself, which one a laboratory judges by, from when and by whom."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.lab.api.site import laboratory_of
from services.lab.catalogue.catalogue import load_catalogue
from services.lab.models import RuleSetState
from services.lab.queries import policies
from services.lab.queries.rule_sets import active_rules, digest_of, shipped
from services.lab.rules.own_cases import Failure, run_own_cases
from services.lab.rules.rule_set import RuleSet
from shared import directory
from shared.auth import Actor, Role
from shared.clock import to_shanghai
from shared.db import Session, database_now
from shared.errors import FieldProblem, Invalid, NotFound
from shared.events.part import Part
from shared.reading.routes.call import CurrentCall
from shared.reading.schemas.requests import OrgId

_CLOCKS_DIFFER = timedelta(minutes=10)
_AHEAD = timedelta(days=366)
_SHOWN_FAILURES = 100

Key = Annotated[str, Path(max_length=128, description="name@version")]
Laboratory = Annotated[str | None, Query(max_length=128, description="an administrator names it")]


class SwitchBody(Part):
    from_: AwareDatetime | None = Field(default=None, alias="from", description="now, where it is left out")
    laboratory_id: OrgId | None = Field(default=None, description="an administrator names it")


class FailedCase(BaseModel):
    case: str
    item: str
    expected: str
    found: str


class ShownRuleSet(BaseModel):
    rule_set: str
    title: str
    source: str
    site: str | None
    valid_from: date
    cases: int = Field(description="test cases in its own data")
    failures: list[FailedCase] = Field(description="none: it may be switched on")
    problems: list[str] = Field(description="where it does not fit the catalogue")
    is_active: bool


class Switched(BaseModel):
    rule_set: str
    digest: str
    cases_passed: int
    holds_from: datetime
    switched_by: str
    switched_at: datetime


class ShownRuleSets(BaseModel):
    rule_sets: list[ShownRuleSet]
    active: str | None = Field(description="None: what was switched on is no longer shipped, every result waits")
    is_default: bool = Field(description="nobody has switched one on: the region's own holds")
    history: list[Switched] = Field(description="the newest first; one may be of a moment to come")


def rule_sets_router(shelf: Callable[[], Mapping[str, RuleSet]] = shipped) -> APIRouter:
    """``shelf``: the rule sets there are, by name@version."""
    router = APIRouter(prefix="/lab/v1/rule-sets", tags=["rules"])

    @router.get("", summary="Rule sets, what each proves of itself, and which holds")
    async def list_rule_sets(call: CurrentCall, laboratory_id: Laboratory = None) -> ShownRuleSets:
        async with call.resources.db.transaction() as session:
            laboratory_id = await _laboratory(session, call.actor, laboratory_id)
            state = await policies.active_rule_set(session, laboratory_id)
            active = await active_rules(session, laboratory_id)
            history = await policies.rule_set_history(session, laboratory_id)
        key = active.key if active else None
        return ShownRuleSets(
            rule_sets=[_shown(rules, await _failures(rules), key) for _, rules in sorted(shelf().items())],
            active=key,
            is_default=state is None,
            history=[_switched(each) for each in history],
        )

    @router.post("/{rule_set}/switch-on", summary="Judge by this rule set from a moment on")
    async def switch_on(call: CurrentCall, rule_set: Key, body: SwitchBody | None = None) -> Switched:
        """By a reviewer of the site or an administrator. 422 `rule_set_fails` lists its own test cases that fail; what
        was judged before stays as it is."""
        body = body or SwitchBody()
        async with call.resources.db.transaction() as session:
            laboratory_id = await _laboratory(session, call.actor, body.laboratory_id)
            call.actor.require(Role.admin, Role.reviewer)
            rules = shelf().get(rule_set)
            if rules is None:
                raise NotFound("没有这个规则集")
            _require_proved(rules, await _failures(rules))
            holds_from = _moment(body.from_, await database_now(session), rules, laboratory_id)
            state = policies.switch_on(
                session, call.actor, laboratory_id, rules.key,
                digest=digest_of(rules.key), cases_passed=len(rules.cases), holds_from=holds_from,
            )  # fmt: skip
            await session.flush()
            await session.refresh(state)
            await call.audit(session, "rule_set.switch_on", f"{laboratory_id}/{rules.key}", "rule_set")
            return _switched(state)

    return router


async def _laboratory(session: Session, actor: Actor, named: str | None) -> str:
    """One's own; for an administrator the one he names, which the region must know as a laboratory."""
    if actor.has(Role.admin):
        sites = {policy.reading_site_id for policy in await directory.site_policies(session, "lab")}
        if named is None:
            raise Invalid("请指明实验室", errors=[FieldProblem("/laboratory_id", "missing", "请指明实验室")])
        if named not in sites:
            raise NotFound("没有这个实验室")
        return named
    own = laboratory_of(actor)
    if named not in (None, own):
        raise NotFound("没有这个实验室")
    return own


async def _failures(rules: RuleSet) -> list[Failure]:
    return await asyncio.to_thread(run_own_cases, rules)


def _require_proved(rules: RuleSet, failures: list[Failure]) -> None:
    problems = [
        FieldProblem(f"/cases/{each.case}/{each.item}", "own_case_fails", f"应为 {each.expected}，得 {each.found}")
        for each in failures
    ]
    problems += [FieldProblem("", "not_in_catalogue", text) for text in rules.problems_with(load_catalogue())]
    if problems:
        raise Invalid("规则集未通过自带测试用例，不能启用", code="rule_set_fails", errors=problems[:_SHOWN_FAILURES])


def _moment(wanted: datetime | None, now: datetime, rules: RuleSet, laboratory_id: str) -> datetime:
    """Raises Invalid for a time that is past or too far, before the rule set's own, or another site's rule set."""
    moment = wanted or now
    if not now - _CLOCKS_DIFFER <= moment <= now + _AHEAD:
        raise Invalid("启用时间须在现在至一年之内", errors=[FieldProblem("/from", "out_of_range", "启用时间不当")])
    if to_shanghai(moment).date() < rules.valid_from:
        text = f"规则集自 {rules.valid_from} 起有效"
        raise Invalid(text, errors=[FieldProblem("/from", "before_valid_from", text)])
    if rules.site not in (None, laboratory_id):
        raise Invalid("规则集属于另一个实验室", code="rule_set_of_another_site")
    return max(moment, now)


def _shown(rules: RuleSet, failures: list[Failure], active: str | None) -> ShownRuleSet:
    return ShownRuleSet(
        rule_set=rules.key,
        title=rules.title,
        source=rules.source,
        site=rules.site,
        valid_from=rules.valid_from,
        cases=len(rules.cases),
        failures=[
            FailedCase(case=each.case, item=each.item, expected=each.expected, found=each.found)
            for each in failures[:_SHOWN_FAILURES]
        ],
        problems=list(rules.problems_with(load_catalogue()))[:_SHOWN_FAILURES],
        is_active=rules.key == active,
    )


def _switched(state: RuleSetState) -> Switched:
    return Switched(
        rule_set=state.rule_set,
        digest=state.digest,
        cases_passed=state.cases_passed,
        holds_from=state.holds_from,
        switched_by=state.switched_by_name,
        switched_at=state.switched_at,
    )
