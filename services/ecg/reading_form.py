"""The ECG report as the reading workflow asks for it (shared/reading/form.py)."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel

from services.ecg.parse.age import years_between, years_of
from services.ecg.queries.evidence import evidence_of
from services.ecg.report_form.checks import problems
from services.ecg.report_form.content import content_of
from services.ecg.report_form.evidence import TRACE, EcgEvidence
from services.ecg.report_form.form import EcgForm
from services.ecg.report_form.sheet import render_sheet
from shared.db import Session
from shared.errors import FieldProblem
from shared.paper.render import Sheet
from shared.reading.form import CaseFacts, Evidence
from shared.signing.document import ReportDocument


class EcgReportForm:
    center = "ecg"
    model: type[BaseModel] = EcgForm

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        evidence, traces = await evidence_of(session, facts.case_id)
        chosen = evidence.chosen(cast(EcgForm, form).recording_id)
        return Evidence(evidence, {TRACE: traces[chosen.recording_id]} if chosen else {})

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        filled, stands_on = cast(EcgForm, form), cast(EcgEvidence, evidence.data)
        chosen = stands_on.chosen(filled.recording_id)
        age = years_between(facts.birth_date, chosen.recorded_at if chosen else None)
        return problems(filled, stands_on, age_years=years_of(facts.age) if age is None else age)

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        return content_of(cast(EcgForm, form), cast(EcgEvidence, evidence.data)).model_dump(mode="json")

    def positive_of(self, form: BaseModel) -> bool | None:
        return cast(EcgForm, form).positive

    def summary(self, form: BaseModel) -> str:
        return " ".join(cast(EcgForm, form).impression.split())

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        return render_sheet(document, files[TRACE])
