"""CloudEvents 1.0 in structured JSON (cloudevents/spec v1.0.2 §3, JSON format §3.2).

The three extensions are named without underscores on the wire, as CloudEvents §3.1.1 requires of attribute names.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import utc_now
from shared.ids import new_id


class Envelope(BaseModel):
    """``type`` is the subject without a reading site: ``imaging.case.queued.v1``; ``subject`` names the record."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    case_id: str | None = Field(default=None, alias="caseid")
    case_version: int | None = Field(default=None, alias="caseversion")
    correlation_id: str = Field(default="", alias="correlationid")
    data: dict[str, Any]

    def to_bytes(self) -> bytes:
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Envelope":
        """Raises pydantic.ValidationError (a ValueError) for what is no envelope."""
        return cls.model_validate_json(raw)


def wrap(
    service: str,
    kind: str,
    data: BaseModel,
    *,
    record_id: str,
    version: int = 1,
    case_id: str | None = None,
    case_version: int | None = None,
    correlation_id: str = "",
) -> Envelope:
    """An envelope for ``data``; ``kind`` is ``<noun>.<past-verb>``, ``version`` that of its class."""
    return Envelope(
        id=new_id("evt"),
        source=f"/{service}",
        type=f"{service}.{kind}.v{version}",
        subject=record_id,
        time=utc_now(),
        case_id=case_id,
        case_version=case_version,
        correlation_id=correlation_id,
        data=data.model_dump(mode="json", exclude_none=True),
    )
