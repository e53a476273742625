"""The order of an ECG: CONTRACT.md's order."""

from pydantic import Field

from services.ecg.intake.judge import Ordered
from shared.events.case import Patient
from shared.reading.schemas.sent_order import SentOrder


class EcgOrder(SentOrder):
    expected_recordings: int | None = Field(
        default=None, ge=1, le=200, description="the exam is whole as soon as so many ECGs are there"
    )

    @property
    def expected_count(self) -> int | None:
        return self.expected_recordings


def ordered_of(order: EcgOrder, known: Patient | None, rule_set: str) -> Ordered:
    """``known``: whom the case has that was ordered or sent before under this number; it fills what the order leaves
    open, or a child ordered yesterday would be judged by an adult's limits."""
    said = order.patient
    kept = known or Patient()
    source = said if said.birth_date or said.age else kept
    return Ordered(
        sex=said.sex if said.sex != "U" else kept.sex,
        birth_date=source.birth_date,
        age=source.age,
        performed_at=order.performed_at,
        rule_set=rule_set,
    )
