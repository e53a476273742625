"""Verify and release in one go what passed every rule: many cases a call, one transaction and one answer each."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.lab.api.site import laboratory_of
from services.lab.intake.in_one_go import open_grant, release_one, verify_one
from shared.auth import Actor, Role
from shared.errors import GongzhenError
from shared.events.part import Part
from shared.reading.models import Case
from shared.reading.routes import Desks, ReadingMetrics
from shared.reading.routes.call import Call, CurrentCall, SigningGrant
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.versions import Signed

MOST_CASES = 50
"""A case takes 0.2-0.5 s, of which its signature and sheet are most: so many stay under what a proxy waits for."""

_Step = Callable[[Desk, Actor, str, str, str], Awaitable[Case | Signed]]


def _few(case_ids: list[str]) -> list[str]:
    """Each once, in their order."""
    if len(case_ids) > MOST_CASES:
        raise PydanticCustomError("too_many_cases", "一次最多 {limit} 例，请分批提交", {"limit": MOST_CASES})
    return list(dict.fromkeys(case_ids))


CaseId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class ManyCases(Part):
    case_ids: Annotated[list[CaseId], Field(min_length=1), AfterValidator(_few)] = Field(
        description=f"at most {MOST_CASES}"
    )


class Fault(BaseModel):
    pointer: str
    code: str
    detail: str


class CaseProblem(BaseModel):
    code: str
    detail: str
    state: str | None = Field(default=None, description="the case's, where it is what stands in the way")
    errors: list[Fault] = []


class CaseAnswer(BaseModel):
    case_id: str
    state: str | None = Field(default=None, description="as it is now, where the step was taken, now or before")
    problem: CaseProblem | None = None


class ManyAnswers(BaseModel):
    cases: list[CaseAnswer] = Field(description="in the order asked, each once")


def verifications_router(desks: Desks, metrics: ReadingMetrics) -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["reading"])

    @router.post("/verifications", summary="Verify every named case that passed its rules")
    async def verify(body: ManyCases, response: Response, call: CurrentCall, grant: SigningGrant = None) -> ManyAnswers:
        """The author's signature under each case whose results all passed (`resulted`), are complete and carry no
        warning; what needs a look is refused for itself (`needs_a_look`, `results_incomplete`, `draft_exists`,
        `illegal_transition`) and spoils no other. Repeated after a lost answer, it answers again."""
        laboratory_of(call.actor, Role.technologist, Role.reader)
        return await _each(call, desks, response, body.case_ids, grant, verify_one)

    @router.post("/releases", summary="Release every named case that another has verified")
    async def release(
        body: ManyCases, response: Response, call: CurrentCall, grant: SigningGrant = None
    ) -> ManyAnswers:
        """The second signature under each; `same_person` for one's own. Where the laboratory's policy and a standing
        authorisation allow it, the only signature under a case that nobody has verified (`resulted`)."""
        laboratory_of(call.actor, Role.technologist, Role.reviewer)

        async def step(desk: Desk, actor: Actor, case_id: str, token: str, address: str) -> Case | Signed:
            done = await release_one(desk, actor, case_id, token, address)
            if isinstance(done, Signed) and done.version.amends is None:
                metrics.observe(done.case, done.version)
            return done

        return await _each(call, desks, response, body.case_ids, grant, step)

    return router


async def _each(
    call: Call, desks: Desks, response: Response, case_ids: list[str], grant: str | None, step: _Step
) -> ManyAnswers:
    """One after another: signatures made beside each other only slow each other. The grant goes from case to case."""
    desk = desks.of(call.resources)
    token = await open_grant(desk, call.actor, grant)
    answers = []
    for case_id in case_ids:
        try:
            done = await step(desk, call.actor, case_id, token, call.address)
        except GongzhenError as error:
            answers.append(CaseAnswer(case_id=case_id, problem=_problem(error)))
            continue
        if isinstance(done, Signed) and done.renewed is not None:
            token = done.renewed.token
        case = done.case if isinstance(done, Signed) else done
        answers.append(CaseAnswer(case_id=case_id, state=case.state))
    response.headers["Signing-Grant"] = token
    return ManyAnswers(cases=answers)


def _problem(error: GongzhenError) -> CaseProblem:
    return CaseProblem(
        code=error.code,
        detail=error.detail,
        state=error.extra.get("state"),
        errors=[Fault(pointer=each.pointer, code=each.code, detail=each.detail) for each in error.errors],
    )
