"""What an imaging reader writes, and what it must not lack when he signs."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.imaging.report_form.wording import contradiction_problems
from shared.errors import FieldProblem
from shared.paper.leftovers import leftover_problems

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Acknowledged = Literal["laterality_contradiction", "sex_contradiction"]


class ImagingForm(BaseModel):
    """A draft may be empty. ``findings`` 影像学表现, ``impression`` 影像学诊断, ``technique`` 检查技术;
    ``positive`` 阳性, or None where nobody said. ``acknowledged``: contradictions the reader saw and stands by.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    technique: Words = ""
    findings: Words = ""
    impression: Words = ""
    positive: bool | None = None
    acknowledged: list[Acknowledged] = []


def problems(form: ImagingForm, *, laterality: str | None = None, sex: str | None = None) -> list[FieldProblem]:
    """Why the form cannot be signed, empty if it can. ``laterality`` (L, R, B) and ``sex`` (M, F) as ordered.

    A contradiction with the order is refused once: the order may be what is wrong, so a reader who names its code in
    ``acknowledged`` may sign, and the signed statement shows that he did.
    """
    texts = {"/technique": form.technique, "/findings": form.findings, "/impression": form.impression}
    found = [
        FieldProblem(pointer, "required", detail)
        for pointer, detail in (("/findings", "影像学表现不能为空"), ("/impression", "影像学诊断不能为空"))
        if not texts[pointer]
    ]
    found.extend(leftover_problems(texts))
    found.extend(
        problem
        for problem in contradiction_problems(texts, laterality=laterality, sex=sex)
        if problem.code not in form.acknowledged
    )
    return found
