"""critical.*: steps of a critical result's loop (危急值). Each step is one event and one version of the result.

The highest ``critical_version`` is how the result stands; a step is a fact, once by (critical_id, critical_version).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.events.case import Card, Person
from shared.events.directory import Center
from shared.events.part import Part


class CriticalEventKind(StrEnum):
    found = "critical.found"
    verified = "critical.verified"
    notified = "critical.notified"
    unreached = "critical.unreached"  # the clinic could not be told: call somebody
    misread = "critical.misread"  # read back wrongly: refused, to be tried again
    acknowledged = "critical.acknowledged"
    acted = "critical.acted"
    closed = "critical.closed"
    false_alarm = "critical.false_alarm"
    patient_recalled = "critical.patient_recalled"
    reminded = "critical.reminded"
    escalated = "critical.escalated"
    addressed = "critical.addressed"  # the case has another reading site: it has the result now


class Contact(Part):
    """Whom an escalation calls: a DutyContact as it stood."""

    contact_id: str
    org_id: str
    name: str
    phone: str


class CriticalSnapshot(Part):
    """Times are UTC by the centre's database. ``acknowledged_at`` is when the clinic had it: of a telephone call
    (``telephoned``) the moment somebody was told, ``entered_at`` when that was written down."""

    critical_id: str
    critical_version: int
    case_id: str
    center: Center
    accession_number: str
    clinic_id: str
    reading_site_id: str | None = None
    card: Card
    state: str
    code: str
    text: str
    value: str | None = None
    unit: str | None = None
    rule: str | None = Field(default=None, description="of the computer's suspicion: the rule that raised it")
    rule_set: str | None = Field(default=None, description="the version of the rules")
    numbers: dict[str, Any] = Field(default={}, description="what the rule had before it")
    found_at: datetime
    verified_at: datetime | None = None
    notified_at: datetime | None = Field(default=None, description="sent to the clinic, which has not yet confirmed it")
    acknowledged_at: datetime | None = Field(default=None, description="the clinic has it")
    acted_at: datetime | None = None
    closed_at: datetime | None = Field(default=None, description="closed, or declared a false alarm")
    patient_recalled_at: datetime | None = None
    acknowledge_by: datetime = Field(description="found_at and the policy's acknowledge_s")
    respond_by: datetime | None = Field(default=None, description="notified_at and the policy's respond_s")
    act_by: datetime | None = Field(default=None, description="acknowledged_at and the policy's act_s")
    people: dict[str, Person] = Field(default={}, description="who took the step, by the state it led to")
    read_back: str | None = None
    telephoned: bool = False
    told: str | None = Field(default=None, description="who was told by telephone")
    entered_at: datetime | None = None
    acted_text: str | None = None
    reason: str | None = Field(default=None, description="of a false alarm")
    misreads: int = 0
    unreached: int = 0
    reminders: int = 0
    escalations: int = 0


class CriticalStep(Part):
    """One step as the history has it. ``by`` None: the system."""

    critical_version: int
    at: datetime
    action: str
    from_state: str | None = None
    state: str
    by: Person | None = None
    detail: dict[str, Any] = {}


class CriticalEvent(Part):
    """Data of every critical.* event. ``history``: all steps, where the result is told again (critical.restated)."""

    critical: CriticalSnapshot
    step: CriticalStep
    contact: Contact | None = Field(default=None, description="of an escalation: whom to call")
    history: list[CriticalStep] = []
