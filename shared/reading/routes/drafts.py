"""The report while it is written, and all its versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, create_model

from shared.auth import Actor
from shared.db import Session
from shared.errors import NotFound, Unreadable
from shared.reading.form import ReportForm, parse_form
from shared.reading.models import Case, Report, ReportVersion
from shared.reading.queries import cases, reports
from shared.reading.routes.call import ClaimToken, CurrentCall
from shared.reading.routes.show import show_recovered, show_version, works_on
from shared.reading.schemas.answers import DraftMeta, RecoveredDrafts, SavedAnswer, ShownVersions
from shared.reading.schemas.requests import DraftBody
from shared.reading.workflow import drafts

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=64, description="the draft's version")]
_RELEASED = frozenset({"preliminary", "final", "amended", "superseded", "voided"})


def draft_routes(router: APIRouter, center: str, form: ReportForm) -> None:
    answer_model = _answer_model(center, form.model)

    @router.get("/cases/{case_id}/report", summary="The report as it stands", response_model=answer_model)
    async def read_report(case_id: str, response: Response, call: CurrentCall) -> BaseModel:
        """Its reading site: the text as last saved. Its clinic: what has been released, 404 before."""
        async with call.transaction("report.read", case_id) as session:
            case = await cases.see(session, call.actor, case_id)
            meta, text = await _text(session, call.actor, case)
        response.headers["ETag"] = f'"{meta.version}"'
        filled = parse_form(form, text)
        return answer_model.model_validate({**filled.model_dump(mode="json"), **meta.model_dump()})

    @router.put(
        "/cases/{case_id}/report",
        summary="Save the draft; keeps the claim",
        openapi_extra={"requestBody": {"content": {"application/json": {"schema": form.model.model_json_schema()}}}},
    )
    async def save_report(
        case_id: str,
        body: DraftBody,
        response: Response,
        call: CurrentCall,
        token: ClaimToken = None,
        if_match: IfMatch = None,
    ) -> SavedAnswer:
        """The whole form. With a lost claim: 409 `claim_lost`, and the text is kept under `report/recovered`."""
        sent = body.model_extra or {}
        own = set(form.model.model_fields)
        text = {name: value for name, value in sent.items() if name in own or name not in DraftMeta.model_fields}
        filled = parse_form(form, text).model_dump(mode="json")
        saved = await drafts.save(
            call.resources.db,
            call.actor,
            case_id,
            filled,
            token=token,
            if_match=_revision(if_match),
            address=call.address,
        )
        response.headers["ETag"] = f'"{saved.report.draft_revision}"'
        return SavedAnswer(
            case_id=case_id,
            report_id=saved.report.report_id,
            version=saved.report.draft_revision,
            saved_at=saved.draft.saved_at,
            expires_at=saved.lease_until,
        )

    @router.get("/cases/{case_id}/report/versions", summary="Every version, the first first")
    async def list_versions(case_id: str, call: CurrentCall) -> ShownVersions:
        """A clinic sees those that were released."""
        async with call.transaction("report.read", case_id) as session:
            case = await cases.see(session, call.actor, case_id)
            found = await reports.versions(session, case_id)
        shown = found if works_on(call.actor, case) else [each for each in found if _was_released(each)]
        return ShownVersions(case_id=case_id, versions=[show_version(version) for version in shown])

    @router.get("/cases/{case_id}/report/recovered", summary="Your texts that came with a lost claim")
    async def list_recovered(case_id: str, call: CurrentCall) -> RecoveredDrafts:
        """The writer's own, even where the case is another site's by now."""
        async with call.transaction("report.read", case_id) as session:
            found = await reports.recovered_drafts(session, case_id, call.actor.account_id)
            if not found:
                await cases.see(session, call.actor, case_id)
        return RecoveredDrafts(drafts=[show_recovered(draft) for draft in found])


async def _text(session: Session, actor: Actor, case: Case) -> tuple[DraftMeta, dict[str, Any]]:
    report = await reports.of_case(session, case.case_id)
    if works_on(actor, case):
        draft = await reports.latest_draft(session, case.case_id)
        meta = _meta(case, report)
        if draft is not None:
            meta = meta.model_copy(
                update={"saved_at": draft.saved_at, "saved_by": draft.saved_by_name, "kind": draft.kind}
            )
        return meta, draft.form if draft else {}
    released = await reports.shown_outside(session, report) if report else None
    if released is None:
        raise NotFound("报告尚未签发", code="report_not_released")
    kind = "preliminary" if released.status == "preliminary" else "released"
    said_at = released.signed_at or released.submitted_at
    return _meta(case, report).model_copy(update={"saved_at": said_at, "kind": kind}), released.form


def _meta(case: Case, report: Report | None) -> DraftMeta:
    return DraftMeta(
        case_id=case.case_id,
        report_id=report.report_id if report else None,
        state=case.state,
        status=report.status if report else "draft",
        version=report.draft_revision if report else 0,
        report_version=(report.released_version or report.waiting_version) if report else None,
        saved_at=None,
        saved_by=None,
        kind=None,
    )


def _was_released(version: ReportVersion) -> bool:
    return version.status == "preliminary" or (version.signed_at is not None and version.status in _RELEASED)


def _answer_model(center: str, form: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in form.model_fields.items()}
    return create_model(f"{center.capitalize()}Report", __base__=DraftMeta, **fields)


def _revision(if_match: str | None) -> int | None:
    """``"3"``, ``W/"3"`` or ``3``; ``*`` is any."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Unreadable("If-Match 须为草稿版本号")
    return int(text)
