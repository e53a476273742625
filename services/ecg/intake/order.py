"""The order of an ECG: CONTRACT.md's order."""

from pydantic import Field

from shared.reading.schemas.sent_order import SentOrder


class EcgOrder(SentOrder):
    expected_recordings: int | None = Field(
        default=None, ge=1, le=200, description="the exam is whole as soon as so many ECGs are there"
    )

    @property
    def expected_count(self) -> int | None:
        return self.expected_recordings
