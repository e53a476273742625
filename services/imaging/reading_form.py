"""The imaging report as the reading workflow asks for it (shared/reading/form.py)."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel

from services.imaging.report_form.form import ImagingForm, problems
from services.imaging.report_form.sheet import render_sheet
from shared.db import Session
from shared.errors import FieldProblem
from shared.paper.render import Sheet
from shared.reading.form import CaseFacts, Evidence
from shared.signing.document import ReportDocument


class ImagingReportForm:
    center = "imaging"
    model: type[BaseModel] = ImagingForm

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        return Evidence()

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        return problems(cast(ImagingForm, form), laterality=facts.laterality, sex=facts.sex)

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        return form.model_dump(mode="json")

    def positive_of(self, form: BaseModel) -> bool | None:
        return cast(ImagingForm, form).positive

    def summary(self, form: BaseModel) -> str:
        return " ".join(cast(ImagingForm, form).impression.split())

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        return render_sheet(document)
