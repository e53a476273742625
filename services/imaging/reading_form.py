"""The imaging report as the reading workflow asks for it (shared/reading/form.py)."""

from typing import cast

from pydantic import BaseModel

from services.imaging.report_form.form import ImagingForm, problems
from services.imaging.report_form.sheet import render_sheet
from shared.errors import FieldProblem
from shared.paper.render import Sheet
from shared.reading.form import CaseFacts
from shared.signing.document import ReportDocument


class ImagingReportForm:
    center = "imaging"
    model: type[BaseModel] = ImagingForm

    def problems(self, form: BaseModel, facts: CaseFacts) -> list[FieldProblem]:
        return problems(cast(ImagingForm, form), laterality=facts.laterality, sex=facts.sex)

    def positive_of(self, form: BaseModel) -> bool | None:
        return cast(ImagingForm, form).positive

    def summary(self, form: BaseModel) -> str:
        return " ".join(cast(ImagingForm, form).impression.split())

    def render_sheet(self, document: ReportDocument) -> Sheet:
        return render_sheet(document)
