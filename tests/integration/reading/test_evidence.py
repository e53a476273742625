"""What a report stands on beyond its reader's words: gathered, held against, signed, printed at every signature."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel

from shared.blobs import BlobRef
from shared.db import Session
from shared.errors import FieldProblem, GongzhenError, Invalid
from shared.paper.render import Sheet
from shared.reading.form import CaseFacts, Evidence
from shared.reading.models import ReportVersion
from shared.reading.workflow import amendment, signing
from shared.signing.document import ReportDocument
from tests.integration.reading.centre import FORM, READER, REVIEWER, Centre, PlainForm


@dataclass
class MeasuringForm(PlainForm):
    """Signs as the technique what was measured; its sheet needs the curve."""

    curve: BlobRef
    measured: str = "75 bpm"
    gathered_for: list[CaseFacts] = field(default_factory=list)
    printed: list[Mapping[str, bytes]] = field(default_factory=list)

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        self.gathered_for.append(facts)
        return Evidence(self.measured, {"curve": self.curve})

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        missing = [] if evidence.data else [FieldProblem("/technique", "not_measured", "缺少测量值")]
        return [*super().problems(form, facts, evidence), *missing]

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        return {**form.model_dump(mode="json"), "technique": evidence.data}

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        self.printed.append(files)
        return super().render_sheet(document, files)


@pytest.fixture
async def form(centre: Centre) -> MeasuringForm:
    form = MeasuringForm(await centre.desk.center_blobs.put(b"0 1 0 -1", content_type="text/plain"))
    centre.desk.form = form
    return form


def technique_of(version: ReportVersion) -> str:
    return str(ReportDocument.model_validate(version.document).content["technique"])


async def test_the_author_signs_and_prints_what_was_gathered(centre: Centre, form: MeasuringForm) -> None:
    submitted = await centre.submitted()
    assert technique_of(submitted.version) == "75 bpm"
    assert submitted.version.form["technique"] == FORM["technique"]
    assert form.printed == [{"curve": b"0 1 0 -1"}]
    (facts,) = form.gathered_for
    assert (facts.case_id, facts.exam_name, str(facts.birth_date)) == (
        submitted.case.case_id,
        "胸部正位",
        "1960-01-31",
    )


async def test_a_form_is_refused_for_what_its_evidence_lacks(centre: Centre, form: MeasuringForm) -> None:
    form.measured = ""
    held = await centre.written()
    with pytest.raises(Invalid) as refused:
        await centre.submit(READER, held)
    assert [problem.code for problem in refused.value.errors] == ["not_measured"]
    assert form.printed == []


async def test_a_countersignature_stays_on_what_the_author_signed(centre: Centre, form: MeasuringForm) -> None:
    submitted = await centre.submitted()
    form.measured = "76 bpm"
    signed = await centre.sign(REVIEWER, submitted.case.case_id)
    assert (technique_of(signed.version), len(form.printed)) == ("75 bpm", 1)


async def test_a_revising_reviewer_signs_what_stands_at_his_signature(centre: Centre, form: MeasuringForm) -> None:
    case_id = (await centre.submitted()).case.case_id
    held = await centre.review(REVIEWER, case_id)
    await centre.save(REVIEWER, held, {**FORM, "impression": "请结合临床。"})
    form.measured = "76 bpm"
    signed = await centre.sign(REVIEWER, case_id, held.claim.token)
    assert technique_of(signed.version) == "76 bpm"
    assert form.printed == [{"curve": b"0 1 0 -1"}] * 2


async def test_an_amendment_gathers_anew(centre: Centre, form: MeasuringForm) -> None:
    case_id = (await centre.signed()).case.case_id
    async with centre.db.transaction() as session:
        held = await amendment.open_amendment(session, READER, case_id, reason="补充")
    form.measured = "77 bpm"
    amended = await centre.submit(READER, held)
    assert (amended.version.version, technique_of(amended.version)) == (2, "77 bpm")


async def test_an_unsigned_preliminary_states_the_evidence_and_prints_nothing(
    centre: Centre, form: MeasuringForm
) -> None:
    held = await centre.written()
    said = await signing.issue_preliminary(centre.desk, READER, held.case.case_id, token=held.claim.token, grant=None)
    assert (technique_of(said.version), form.printed) == ("75 bpm", [])


async def test_a_file_that_is_gone_signs_nothing(centre: Centre, form: MeasuringForm) -> None:
    held = await centre.written()
    await centre.desk.center_blobs.delete(form.curve.key)
    with pytest.raises(GongzhenError):
        await centre.submit(READER, held)
    assert (await centre.case(held.case.case_id)).state == "claimed"
