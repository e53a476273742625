"""What a centre brings of its own: the form its readers fill, what it stands on, what it must not lack, its sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ValidationError

from shared.blobs import BlobRef
from shared.db import Session
from shared.errors import FieldProblem, Invalid
from shared.paper.render import Sheet
from shared.reading.finding import Finding
from shared.signing.document import ReportDocument


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a form may be held against: ``laterality`` L, R, B and ``sex`` M, F, O, U as ordered; ``age`` like ``65Y``,
    where the order has no date of birth."""

    case_id: str
    center: str
    modality: str | None
    laterality: str | None
    sex: str | None
    study_uids: tuple[str, ...] = ()
    birth_date: date | None = None
    age: str | None = None
    exam_name: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a report stands on beyond its reader's words: measured values, curves, previous results.

    ``data`` is the centre's own; ``files`` are bytes of the centre's store that the sheet prints, by the form's names.
    """

    data: Any = None
    files: Mapping[str, BlobRef] = field(default_factory=dict)


class ReportForm(Protocol):
    """One object a centre, without state. ``render_sheet`` blocks and is called in a thread.

    At each signature over a new version: ``gather``, ``problems``, ``content_of``, then ``render_sheet``. Between the
    first and the commit the case's version must not change, so whatever changes what ``gather`` finds has to raise it
    (``add_content`` does); else a report would be signed over values that no longer stand.
    """

    @property
    def center(self) -> str: ...

    @property
    def model(self) -> type[BaseModel]:
        """The draft's fields. All have defaults: a draft may be empty."""

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        """From the centre's own rows, in the short transaction that prepares a signature. Reads, never writes."""

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        """Why the form cannot be signed; empty if it can."""

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        """The statement's ``content``, plain JSON: what is signed of form and evidence."""

    def positive_of(self, form: BaseModel) -> bool | None:
        """阳性, or None where nobody said."""

    def summary(self, form: BaseModel) -> str:
        """The diagnosis in one line, for lists."""

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        """The PDF, with the boxes its signatures go into. ``files``: the bytes of the evidence's files."""


@runtime_checkable
class AsksForPhysician(Protocol):
    """What a form has besides, if some of what it states may be released by a physician alone (卫医发〔2006〕73号)."""

    def needs_physician(self, form: BaseModel, evidence: Evidence) -> bool:
        """Whether a reviewer has to release it."""


@runtime_checkable
class ReleasesAlone(Protocol):
    """What a form has besides, if its author may release by himself where two sign otherwise: a standing authorisation
    of the laboratory's for what passed every rule."""

    async def alone(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence | None:
        """The evidence with what authorises it; None where two have to sign. Reads, never writes. Asked before the
        signature and again, under the case's lock, before it is recorded."""


@runtime_checkable
class ChecksRelease(Protocol):
    """What a form has besides, if what its author signed may be overtaken before a second person releases it."""

    def outdated(self, form: BaseModel, evidence: Evidence, content: dict[str, Any]) -> list[FieldProblem]:
        """What of the signed ``content`` no longer stands; empty if it can be released."""


@runtime_checkable
class FindsCriticals(Protocol):
    """What a form has besides, if its author's own values may be critical (危急值)."""

    def findings(self, form: BaseModel, evidence: Evidence) -> list[Finding]:
        """Their loops are opened, verified by the author, with his signature."""


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
