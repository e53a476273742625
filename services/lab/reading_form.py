"""The laboratory report as the reading workflow asks for it (shared/reading/form.py)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import BaseModel

from services.lab.report_form.checks import needs_physician, problems
from services.lab.report_form.compose import content_of
from services.lab.report_form.content import LabContent
from services.lab.report_form.evidence import LabEvidence, StandingAuthorisation
from services.lab.report_form.form import LabForm
from services.lab.report_form.sheet import render_sheet
from services.lab.report_form.since import findings, outdated
from shared.db import Session
from shared.errors import FieldProblem
from shared.paper.render import Sheet
from shared.reading.finding import Finding
from shared.reading.form import CaseFacts, Evidence
from shared.signing.document import ReportDocument

EvidenceOf = Callable[[Session, CaseFacts, LabForm], Awaitable[LabEvidence]]
"""The laboratory's own rows about a case; it judges the values that the form corrects by the case's rule set."""

AuthorisationOf = Callable[[Session, CaseFacts, LabForm], Awaitable[StandingAuthorisation | None]]
"""What lets one person release the case; None where two have to sign."""


@dataclass(frozen=True, slots=True)
class LabReportForm:
    evidence_of: EvidenceOf
    authorisation_of: AuthorisationOf | None = None
    center: str = "lab"
    model: type[BaseModel] = LabForm

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        return Evidence(await self.evidence_of(session, facts, cast(LabForm, form)))

    async def alone(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence | None:
        if self.authorisation_of is None:
            return None
        given = await self.authorisation_of(session, facts, cast(LabForm, form))
        if given is None:
            return None
        return Evidence(replace(await self.evidence_of(session, facts, cast(LabForm, form)), authorisation=given))

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        return problems(cast(LabForm, form), cast(LabEvidence, evidence.data))

    def needs_physician(self, form: BaseModel, evidence: Evidence) -> bool:
        return needs_physician(cast(LabForm, form), cast(LabEvidence, evidence.data))

    def outdated(self, form: BaseModel, evidence: Evidence, content: dict[str, Any]) -> list[FieldProblem]:
        signed = LabContent.model_validate(content)
        return list(outdated(cast(LabForm, form), cast(LabEvidence, evidence.data), signed))

    def findings(self, form: BaseModel, evidence: Evidence) -> list[Finding]:
        return list(findings(cast(LabForm, form), cast(LabEvidence, evidence.data)))

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        return content_of(cast(LabForm, form), cast(LabEvidence, evidence.data)).model_dump(mode="json")

    def positive_of(self, form: BaseModel) -> bool | None:
        return cast(LabForm, form).positive

    def summary(self, form: BaseModel) -> str:
        """What was written in words; most sheets of numbers have none."""
        filled = cast(LabForm, form)
        return " ".join((filled.impression or filled.findings).split())

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        return render_sheet(document)
