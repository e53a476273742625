"""The order of an imaging upload."""

from pydantic import Field

from shared.reading.schemas.sent_order import SentOrder


class ImagingOrder(SentOrder):
    expected_instances: int | None = Field(
        default=None, ge=1, le=100_000, description="the exam is whole as soon as so many images are there"
    )

    @property
    def expected_count(self) -> int | None:
        return self.expected_instances
