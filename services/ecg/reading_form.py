"""The ECG report as the reading workflow asks for it (shared/reading/form.py)."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel

from services.ecg.queries.evidence import evidence_of
from services.ecg.report_form.checks import age_years, problems
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
        age = age_years(facts.birth_date, facts.age)
        return problems(cast(EcgForm, form), cast(EcgEvidence, evidence.data), age_years=age)

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        return content_of(cast(EcgForm, form), cast(EcgEvidence, evidence.data)).model_dump(mode="json")

    def positive_of(self, form: BaseModel) -> bool | None:
        return cast(EcgForm, form).positive

    def summary(self, form: BaseModel) -> str:
        return " ".join(cast(EcgForm, form).impression.split())

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        return render_sheet(document, files[TRACE])
