"""What callers send besides the report's own form."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from shared.events.part import Part
from shared.reading.schemas.order import Priority, Short

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
OrgId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


class ClaimNext(Part):
    stage: Literal["report", "review"] = "report"
    priority: Priority | None = None
    modality: Short | None = None


class Cancellation(Part):
    reason: Remark | None = None


class Reprioritization(Part):
    priority: Priority


class Rejection(Part):
    """``reason`` in the centre's own words or code; ``comment`` says what the clinic should do."""

    reason: Reason
    comment: Remark | None = None


class Referral(Part):
    to: OrgId = Field(description="organization id of the reading site")
    reason: Reason


class Reassignment(Part):
    to: OrgId = Field(description="organization id of the reading site")


class Return(Part):
    comment: Reason


class Voiding(Part):
    reason: Reason


class AmendmentOpening(Part):
    reason: Remark | None = Field(default=None, description="printed on the amended report")


class Unlock(Part):
    pin: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class DraftBody(Part):
    """The centre's form; its own model checks the fields."""

    model_config = ConfigDict(extra="allow")
