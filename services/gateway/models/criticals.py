"""Critical results (危急值) of all centres as their newest event tells them, and every step of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

Moment = DateTime(timezone=True)


class Critical(Base):
    """``snapshot`` is the event's CriticalSnapshot; the columns are what is searched and counted by. ``is_told``: the
    clinic may see it, since somebody has verified it."""

    __tablename__ = "critical"
    __table_args__ = (
        Index("ix_critical_clinic", "clinic_id", "found_at", "critical_id"),
        Index("ix_critical_site", "reading_site_id", "found_at", "critical_id"),
        Index("ix_critical_found_at", "found_at", "critical_id"),
        Index("ix_critical_case_id", "case_id"),
        Index("ix_critical_open", "center", postgresql_where=text("is_open")),
        {"schema": "gateway"},
    )

    critical_id: Mapped[str] = mapped_column(Text, primary_key=True)
    critical_version: Mapped[int] = mapped_column(Integer)
    case_id: Mapped[str] = mapped_column(Text)
    center: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text)
    reading_site_id: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    is_open: Mapped[bool] = mapped_column(Boolean)
    is_told: Mapped[bool] = mapped_column(Boolean)
    found_at: Mapped[datetime] = mapped_column(Moment)
    notified_at: Mapped[datetime | None] = mapped_column(Moment)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Moment)
    acted_at: Mapped[datetime | None] = mapped_column(Moment)
    acknowledge_by: Mapped[datetime] = mapped_column(Moment)
    respond_by: Mapped[datetime | None] = mapped_column(Moment)
    act_by: Mapped[datetime | None] = mapped_column(Moment)
    telephoned: Mapped[bool] = mapped_column(Boolean)
    misreads: Mapped[int] = mapped_column(Integer)
    unreached: Mapped[int] = mapped_column(Integer)
    escalations: Mapped[int] = mapped_column(Integer)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)


class CriticalFact(Base):
    """One step: inserted once, whatever the order and number of its events. ``contact``: whom an escalation called."""

    __tablename__ = "critical_fact"
    __table_args__ = ({"schema": "gateway"},)

    critical_id: Mapped[str] = mapped_column(Text, primary_key=True)
    critical_version: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[dict[str, Any]] = mapped_column(JSONB)
    contact: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
