"""What a centre brings of its own: the form its readers fill, what it must not lack, and its sheet."""

from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from shared.errors import FieldProblem, Invalid
from shared.paper.render import Sheet
from shared.signing.document import ReportDocument


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a form may be held against: ``laterality`` L, R, B and ``sex`` M, F, O, U as ordered."""

    case_id: str
    center: str
    modality: str | None
    laterality: str | None
    sex: str | None
    study_uids: tuple[str, ...] = ()


class ReportForm(Protocol):
    """One object a centre, without state. ``render_sheet`` blocks and is called in a thread."""

    @property
    def center(self) -> str: ...

    @property
    def model(self) -> type[BaseModel]:
        """The draft's fields. All have defaults: a draft may be empty."""

    def problems(self, form: BaseModel, facts: CaseFacts) -> list[FieldProblem]:
        """Why the form cannot be signed; empty if it can."""

    def positive_of(self, form: BaseModel) -> bool | None:
        """阳性, or None where nobody said."""

    def summary(self, form: BaseModel) -> str:
        """The diagnosis in one line, for lists."""

    def render_sheet(self, document: ReportDocument) -> Sheet:
        """The PDF, with the boxes its signatures go into."""


def parse_form(form: ReportForm, raw: dict[str, Any]) -> BaseModel:
    """Raises Invalid, naming each field."""
    try:
        return form.model.model_validate(raw)
    except ValidationError as error:
        raise Invalid(
            "报告内容不符合要求",
            errors=[
                FieldProblem("".join(f"/{part}" for part in fault["loc"]), fault["type"], fault["msg"])
                for fault in error.errors(include_input=False, include_url=False)
            ],
        ) from None  # pydantic's error quotes the text
