"""What an intake hands over once it has understood an upload, and what it gets back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.events.case import CaseWarning, Exam, Patient
from shared.reading.models import Case
from shared.reading.schemas.order import Order
from shared.reading.workflow.doubts import ShownPatient

Center = Literal["imaging", "ecg", "lab"]


@dataclass(frozen=True, slots=True)
class Content:
    """One thing to read. ``sha256`` is its identity within the clinic (the centre decides of which bytes);
    ``record_id`` names the centre's own row, ``kind`` is the centre's word for it (instance, recording, result)."""

    sha256: str
    record_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One upload of one exam of one patient.

    ``first_byte_at`` (UTC) is where the turnaround clock starts. ``patient_from_file`` and ``exam_from_file`` fill
    what the order leaves open. ``accession_number`` is the file's (0008,0050), used where the order has none.
    ``expected_count``: contents that make the exam whole, if anybody said. ``is_complete``: the upload was one
    request for the whole exam; otherwise the exam is whole at ``expected_count``, when ``workflow.intake.complete``
    is called, or 30 s after its last bytes. ``shown_patients``: each patient the files name, where there is no order
    that they were held against.
    """

    center: Center
    order: Order | None
    contents: Sequence[Content]
    first_byte_at: datetime
    warnings: Sequence[CaseWarning] = ()
    modality: str | None = None
    body_part: str | None = None
    study_uids: Sequence[str] = ()
    patient_from_file: Patient = field(default_factory=Patient)
    exam_from_file: Exam = field(default_factory=Exam)
    accession_number: str | None = None
    expected_count: int | None = None
    is_complete: bool = True
    idempotency_key: str | None = None
    shown_patients: Sequence[ShownPatient] = ()


class Outcome(StrEnum):
    """created: a new case · same: everything was there · added: new content in an open case · repeat: a new case
    after a rejected one · from_order: the first bytes of a case that was ordered before."""

    created = "created"
    same = "same"
    added = "added"
    repeat = "repeat"
    from_order = "from_order"


@dataclass(frozen=True, slots=True)
class Accepted:
    """``new_contents``: those the case did not hold yet, in the arrival's order. Answer 200 for ``same``, else 202."""

    case: Case
    outcome: Outcome
    new_contents: tuple[Content, ...]
