"""Critical results (危急值): what callers send and get."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from shared.events.critical import CriticalSnapshot, CriticalStep
from shared.events.part import Part
from shared.reading.schemas.answers import ShownOrganization
from shared.reading.schemas.requests import Reason

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Result = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class CriticalOpening(Part):
    """``value`` and ``unit`` where it is one result: reading back just the value is then enough."""

    code: Code
    text: Words
    value: Result | None = None
    unit: Result | None = None


class Acknowledgement(Part):
    read_back: Words = Field(description="the value or the finding, as the receiver understood it")


class Telephoned(Part):
    """``read_back`` left out: nobody was reached; that is counted, and the result stays as open as before."""

    told: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        description="who was told, or called in vain"
    )
    told_at: AwareDatetime
    read_back: Words | None = None


class Handling(Part):
    text: Reason = Field(description="what was done (处置措施)")


class FalseAlarm(Part):
    reason: Reason


class CriticalAnswer(CriticalSnapshot):
    """``seconds_left`` until the clinic must have it, by the database's clock; None once it has."""

    clinic: ShownOrganization
    reading_site: ShownOrganization | None
    seconds_left: int | None
    timeline: list[CriticalStep]
    links: dict[str, str]


class CriticalAnswers(BaseModel):
    case_id: str
    criticals: list[CriticalAnswer]
    as_of: datetime
