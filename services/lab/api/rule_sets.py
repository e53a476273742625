"""Rule sets: which there are, whether they pass their own cases, which one judges."""

import asyncio
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from services.lab.models import RuleSetState
from services.lab.queries import policies
from services.lab.queries.rule_sets import active_rules, digest_of, shipped
from services.lab.rules.own_cases import run_own_cases
from services.lab.rules.rule_set import RuleSet
from shared.auth import Role
from shared.errors import Conflict, FieldProblem, NotFound
from shared.reading.routes.call import CurrentCall

Key = Annotated[str, Path(max_length=128, description="name@version")]
_STAFF = (Role.technologist, Role.reader, Role.reviewer, Role.admin)


class ShownRuleSet(BaseModel):
    rule_set: str
    title: str
    source: str
    valid_from: date
    digest: str
    cases: int = Field(description="test cases in its own data")
    rules: int
    is_active: bool


class Switched(BaseModel):
    rule_set: str
    digest: str
    cases_passed: int
    switched_by: str
    switched_at: datetime


class ShownRuleSets(BaseModel):
    rule_sets: list[ShownRuleSet]
    active: str | None = Field(description="None: every result waits for a person")
    history: list[Switched]


class FailedCase(BaseModel):
    case: str
    item: str
    expected: str
    found: str


class CasesRun(BaseModel):
    rule_set: str
    cases: int
    failures: list[FailedCase]


def rule_sets_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/rule-sets", tags=["rules"])

    @router.get("", summary="Rule sets, and which of them judges")
    async def list_rule_sets(call: CurrentCall) -> ShownRuleSets:
        call.actor.require(*_STAFF)
        async with call.resources.db.transaction() as session:
            active = await active_rules(session, call.actor.org_id)
            history = await policies.rule_set_history(session, call.actor.org_id)
        key = active.key if active else None
        return ShownRuleSets(
            rule_sets=[_show(each, key) for each in shipped().values()],
            active=key,
            history=[_switched(each) for each in history],
        )

    @router.post("/{rule_set}/cases", summary="Run a rule set's own test cases")
    async def run_cases(rule_set: Key, call: CurrentCall) -> CasesRun:
        call.actor.require(*_STAFF)
        return await _run(_known(rule_set))

    @router.post("/{rule_set}/switch-on", summary="Let a rule set judge this laboratory's results")
    async def switch_on(rule_set: Key, call: CurrentCall) -> Switched:
        """409 `rule_set_fails` while one of its own cases fails. From then on new results are judged by it."""
        call.actor.require(Role.technologist, Role.admin)
        rules = _known(rule_set)
        ran = await _run(rules)
        if ran.failures:
            problems = [
                FieldProblem(
                    f"/cases/{each.case}", "case_failed", f"{each.item}：应为 {each.expected}，得 {each.found}"
                )
                for each in ran.failures[:20]
            ]
            raise Conflict("规则集未通过自带测试用例，不能启用", code="rule_set_fails", errors=problems)
        async with call.transaction("rule_set.switch_on", rule_set, "rule_set") as session:
            state = policies.switch_on(session, call.actor, rules.key, digest_of(rules.key), ran.cases)
            await session.flush()
        return _switched(state)

    return router


def _known(key: str) -> RuleSet:
    rules = shipped().get(key)
    if rules is None:
        raise NotFound
    return rules


async def _run(rules: RuleSet) -> CasesRun:
    failures = await asyncio.to_thread(run_own_cases, rules)
    found = [FailedCase(case=each.case, item=each.item, expected=each.expected, found=each.found) for each in failures]
    return CasesRun(rule_set=rules.key, cases=len(rules.cases), failures=found)


def _show(rules: RuleSet, active: str | None) -> ShownRuleSet:
    lists = (rules.intervals, rules.expected, rules.criticals, rules.absurd, rules.reportable, rules.deltas,
             rules.linear, rules.products, rules.flags, rules.hil)  # fmt: skip
    return ShownRuleSet(
        rule_set=rules.key,
        title=rules.title,
        source=rules.source,
        valid_from=rules.valid_from,
        digest=digest_of(rules.key),
        cases=len(rules.cases),
        rules=sum(map(len, lists)),
        is_active=rules.key == active,
    )


def _switched(state: RuleSetState) -> Switched:
    return Switched(
        rule_set=state.rule_set,
        digest=state.digest,
        cases_passed=state.cases_passed,
        switched_by=state.switched_by_name,
        switched_at=state.switched_at,
    )
