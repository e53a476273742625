"""A critical result (危急值) of a case, and every step of its loop."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Integer, Text, false, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base
from shared.reading.models.case import SCHEMA, Case

Moment = DateTime(timezone=True)


class CriticalResult(Base):
    """``state`` is written by ``workflow.criticals.apply`` alone; ``version`` grows with each of its steps.

    A case may have several, each finding once: ``finding_key`` is the digest of what was found. What was declared a
    false alarm frees its key for a reader who finds it after all. ``policy`` is the reading site's as it stood at the
    opening: what was promised is measured by it. ``rung``: alarms raised since the state last changed hands.
    ``timer_at``: when the worker has to look next, NULL when nobody is
    waited for. ``addressed_site_id``: the reading site that was last told.
    """

    __tablename__ = "critical_result"
    __table_args__ = (
        Index(
            "uq_critical_result_finding",
            "case_id",
            "code",
            "finding_key",
            unique=True,
            postgresql_where=sql("state <> 'false_alarm'"),
        ),
        Index("ix_critical_result_case_id", "case_id"),
        Index("ix_critical_result_timer_at", "timer_at", postgresql_where=sql("timer_at IS NOT NULL")),
        Index(
            "ix_critical_result_open",
            "critical_id",
            postgresql_where=sql("state NOT IN ('closed', 'false_alarm')"),
        ),
        SCHEMA,
    )

    critical_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id))
    center: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(Text)
    rule: Mapped[str | None] = mapped_column(Text)
    rule_set: Mapped[str | None] = mapped_column(Text)
    numbers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    finding_key: Mapped[str] = mapped_column(Text)
    policy: Mapped[dict[str, int]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(Moment)
    verified_at: Mapped[datetime | None] = mapped_column(Moment)
    notified_at: Mapped[datetime | None] = mapped_column(Moment)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Moment)
    acted_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    patient_recalled_at: Mapped[datetime | None] = mapped_column(Moment)
    people: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONB, server_default="{}")
    read_back: Mapped[str | None] = mapped_column(Text)
    telephoned: Mapped[bool] = mapped_column(Boolean, server_default=false())
    told: Mapped[str | None] = mapped_column(Text)
    entered_at: Mapped[datetime | None] = mapped_column(Moment)
    acted_text: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    misreads: Mapped[int] = mapped_column(Integer, server_default="0")
    unreached: Mapped[int] = mapped_column(Integer, server_default="0")
    reminders: Mapped[int] = mapped_column(Integer, server_default="0")
    escalations: Mapped[int] = mapped_column(Integer, server_default="0")
    rung: Mapped[int] = mapped_column(Integer, server_default="0")
    escalated_at: Mapped[datetime | None] = mapped_column(Moment)
    addressed_site_id: Mapped[str | None] = mapped_column(Text)
    timer_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class CriticalHistory(Base):
    __tablename__ = "critical_history"
    __table_args__ = (
        Index("uq_critical_history_version", "critical_id", "critical_version", unique=True),
        SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    critical_id: Mapped[str] = mapped_column(ForeignKey(CriticalResult.critical_id))
    critical_version: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Moment)
    action: Mapped[str] = mapped_column(Text)
    from_state: Mapped[str | None] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    event: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    org_id: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
