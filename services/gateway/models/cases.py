"""The cases of all centres as their newest event tells them: worklist, the clinic's day, what a reader holds."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


class WorklistCase(Base):
    """One case. ``snapshot`` is the event's whole CaseSnapshot; the columns are what is searched and sorted by.

    ``due_order`` is ``due_at``, or far away where a case has none yet, so that pages can be cut by it.
    ``opened_at`` is the first byte of the upload, or the time of the event while no byte has come.
    ``holder_until`` is what the last event said: a heartbeat prolongs a claim without one.
    ``patient_id`` and ``national_id`` are empty where they do not identify a person (unknown patient, bad checksum).
    """

    __tablename__ = "worklist_case"
    __table_args__ = (
        Index(
            "ix_worklist_case_open",
            "reading_site_id",
            "priority_rank",
            "due_order",
            "case_id",
            postgresql_where=text("is_open"),
        ),
        Index("ix_worklist_case_state", "reading_site_id", "state", "priority_rank", "due_order", "case_id"),
        Index("ix_worklist_case_clinic", "clinic_id", "opened_at", "case_id"),
        Index("ix_worklist_case_holder", "holder_id", postgresql_where=text("holder_id IS NOT NULL")),
        Index("ix_worklist_case_search_grams", "search_grams", postgresql_using="gin"),
        {"schema": "gateway"},
    )

    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_version: Mapped[int] = mapped_column(Integer)
    event_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    center: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    is_open: Mapped[bool] = mapped_column(Boolean)
    priority: Mapped[str] = mapped_column(Text)
    priority_rank: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    due_order: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    clinic_id: Mapped[str] = mapped_column(Text)
    reading_site_id: Mapped[str | None] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(Text)
    modality: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    holder_id: Mapped[str | None] = mapped_column(Text)
    holder_stage: Mapped[str | None] = mapped_column(Text)
    holder_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    author_id: Mapped[str | None] = mapped_column(Text)
    kept_for_id: Mapped[str | None] = mapped_column(Text)
    kept_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    patient_id: Mapped[str | None] = mapped_column(Text)
    national_id: Mapped[str | None] = mapped_column(Text)
    report_id: Mapped[str | None] = mapped_column(Text)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    search_text: Mapped[str] = mapped_column(Text)
    search_grams: Mapped[list[str]] = mapped_column(ARRAY(Text))
