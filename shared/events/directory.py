"""directory.*: the region's facts, owned by the gateway, kept as a read copy by every service (DESIGN.md §6).

One record is one subject ``directory.<kind>.<id>`` of a compacted stream: the last one holds.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.part import Part

Center = Literal["imaging", "ecg", "lab"]
Priority = Literal["stat", "urgent", "routine"]


class DirectoryRecord(Part):
    kind: ClassVar[str]

    @property
    def record_id(self) -> str:
        """The id within its kind; the default is the field named after the kind."""
        return str(getattr(self, f"{self.kind}_id"))


class OrgKind(StrEnum):
    clinic = "clinic"
    hospital = "hospital"
    authority = "authority"


class Organization(DirectoryRecord):
    """``recognition_mark`` is the text of the 互认 mark an institution may print (国卫医发〔2022〕6号), if any."""

    kind: ClassVar[str] = "organization"

    org_id: str
    name: str
    org_kind: OrgKind
    township: str | None = None
    recognition_mark: str | None = None
    default_character_set: str | None = Field(default=None, description="DICOM defined term for undeclared text")
    active: bool = True

    @property
    def record_id(self) -> str:
        return self.org_id


class Account(DirectoryRecord):
    """``revoked_before``: access tokens issued earlier are refused by every service."""

    kind: ClassVar[str] = "account"

    account_id: str
    username: str
    name: str
    org_id: str
    roles: list[str]
    centers: list[Center] = []
    scopes: list[str] = []
    active: bool = True
    revoked_before: datetime | None = None


class SigningCredential(DirectoryRecord):
    """A physician's certificate chain (leaf first, PEM) and the key wrapped under the signing PIN."""

    kind: ClassVar[str] = "signing_credential"

    account_id: str
    certificate_chain_pem: str
    wrapped_key: str
    serial: str
    status: Literal["active", "revoked"] = "active"

    @property
    def record_id(self) -> str:
        return self.account_id


class TrustAnchor(DirectoryRecord):
    kind: ClassVar[str] = "trust_anchor"

    anchor_id: str
    pem: str
    trust: Literal["region", "development"]

    @property
    def record_id(self) -> str:
        return self.anchor_id


_Seconds = Annotated[int, Field(ge=1, le=7 * 24 * 3600)]


class CriticalPolicy(Part):
    """When a critical result (危急值) is pressed. All times count from its finding unless said otherwise."""

    remind_s: _Seconds = Field(default=300, description="reminder of who has to act next")
    acknowledge_s: _Seconds = Field(default=600, description="the clinic has it by then, or its next contact is called")
    escalate_s: _Seconds = Field(default=900, description="then the reading site's duty person is called")
    repeat_s: _Seconds = Field(default=900, description="between further calls, to clinic and reading site in turn")
    most_escalations: int = Field(default=12, ge=1, le=100)
    respond_s: _Seconds = Field(default=600, description="from sending to reading back: the clinic's own share")
    act_s: _Seconds = Field(default=1800, description="from acknowledging to acting")


class SitePolicy(DirectoryRecord):
    """What one reading site reads of one centre, from whom, how much at a time, and how it signs."""

    kind: ClassVar[str] = "site_policy"

    reading_site_id: str
    center: Center
    accepts: bool = True
    modalities: list[str] = Field(default=[], description="empty: all")
    clinics: list[str] = Field(default=[], description="organizations it reads for first; empty: anyone")
    rank: int = Field(default=100, description="among sites that could take a case, the lowest is asked first")
    max_queue: int | None = Field(default=None, description="waiting cases above which the next site is asked")
    signatures: Literal["single", "double"] = "double"
    target_s: dict[Priority, int] = Field(default={}, description="turnaround targets that override the default")
    critical: CriticalPolicy = Field(default=CriticalPolicy(), description="times of the critical-result loop")

    @property
    def record_id(self) -> str:
        return f"{self.reading_site_id}_{self.center}"


class DutyContact(DirectoryRecord):
    """Whom to call about a critical result or an outage, in order of ``rank``."""

    kind: ClassVar[str] = "duty_contact"

    contact_id: str
    org_id: str
    name: str
    phone: str
    rank: int = 1
    center: Center | None = None
    active: bool = True

    @property
    def record_id(self) -> str:
        return self.contact_id


RECORD_CLASSES: dict[str, type[DirectoryRecord]] = {
    record.kind: record for record in (Organization, Account, SigningCredential, TrustAnchor, SitePolicy, DutyContact)
}


class DirectoryEvent(Part):
    """Data of every directory.* event; ``deleted`` leaves a tombstone."""

    record_kind: str
    record_id: str
    revision: int = Field(description="grows with each change of this record; the highest holds")
    deleted: bool = False
    record: dict[str, object] = {}
