"""A case, what it holds, who has seen it, and everything that happened to it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

SCHEMA = {"schema": "reading"}
Moment = DateTime(timezone=True)


class Case(Base):
    """``state`` is written by ``workflow.apply`` alone; ``version`` grows with each of its steps.

    The accession number is unique within the clinic among all cases but rejected ones, since a rejected exam comes
    again under its number as a repeat (CONTRACT.md). A canceled case keeps its number: other bytes under it are a
    mistake that the clinic has to see (409), not a new case.

    ``national_id`` is the patient's where its check character holds: a slip of the hand must not make two persons one.
    ``received_at`` is the first byte of the upload, where the turnaround clock starts; ``completed_at`` the moment
    the exam was whole; ``settles_at`` when an exam that says nothing of its size counts as whole. ``written_by``:
    accounts whose text stands in the version that waits for review. ``offered_sites``: sites that had the case
    already and are not asked again. ``unassigned_reason``: why it waits without a site. ``tried_at``: when a sweep last
    looked for a site, so that cases nobody can take do not keep it from the others. ``waited_in``: the state in which
    it waits, or last waited, for a reader, to which it goes back.
    """

    __tablename__ = "case"
    __table_args__ = (
        Index(
            "uq_case_clinic_id_accession_number",
            "clinic_id",
            "accession_number",
            unique=True,
            postgresql_where=text("state <> 'rejected'"),
        ),
        Index("ix_case_queue", "reading_site_id", "state", "priority_rank", "due_at", "case_id"),
        Index("ix_case_clinic_patient", "clinic_id", "patient_id"),
        Index("ix_case_national_id", "national_id", postgresql_where=text("national_id IS NOT NULL")),
        Index("ix_case_study_uids", "study_uids", postgresql_using="gin"),
        Index(
            "ix_case_open_due_at",
            "due_at",
            postgresql_where=text(
                "state IN ('received', 'queued', 'resulted', 'held', 'claimed', 'in_review', 'verified')"
            ),
        ),
        Index("ix_case_received", "settles_at", postgresql_where=text("state = 'received'")),
        Index(
            "ix_case_unassigned",
            "center",
            "tried_at",
            postgresql_where=text("reading_site_id IS NULL AND state IN ('ordered', 'received', 'resulted', 'held')"),
        ),
        SCHEMA,
    )

    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    center: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(Text)
    patient_id: Mapped[str | None] = mapped_column(Text)
    national_id: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    waited_in: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    priority: Mapped[str] = mapped_column(Text)
    priority_rank: Mapped[int] = mapped_column(Integer)
    modality: Mapped[str | None] = mapped_column(Text)
    body_part: Mapped[str | None] = mapped_column(Text)
    study_uids: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    card: Mapped[dict[str, Any]] = mapped_column(JSONB)
    warnings: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    order_sha256: Mapped[str | None] = mapped_column(Text)
    content_count: Mapped[int] = mapped_column(Integer, server_default="0")
    content_version: Mapped[int] = mapped_column(Integer, server_default="0")
    expected_count: Mapped[int | None] = mapped_column(Integer)
    received_at: Mapped[datetime | None] = mapped_column(Moment)
    completed_at: Mapped[datetime | None] = mapped_column(Moment)
    settles_at: Mapped[datetime | None] = mapped_column(Moment)
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    half_way: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    overdue: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    reading_site_id: Mapped[str | None] = mapped_column(Text)
    offered_sites: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    unassigned_reason: Mapped[str | None] = mapped_column(Text)
    tried_at: Mapped[datetime | None] = mapped_column(Moment)
    author_id: Mapped[str | None] = mapped_column(Text)
    author_name: Mapped[str | None] = mapped_column(Text)
    author_org_id: Mapped[str | None] = mapped_column(Text)
    written_by: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    kept_for_id: Mapped[str | None] = mapped_column(Text)
    kept_for_name: Mapped[str | None] = mapped_column(Text)
    kept_until: Mapped[datetime | None] = mapped_column(Moment)
    repeats: Mapped[str | None] = mapped_column(Text)
    repeated_by: Mapped[str | None] = mapped_column(Text)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    reason: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class CaseContent(Base):
    """One thing to read (an instance, a recording, a result), as a row ``record_id`` of the centre's own schema."""

    __tablename__ = "case_content"
    __table_args__ = (Index("ix_case_content_clinic_sha256", "clinic_id", "sha256"), SCHEMA)

    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id), primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text)
    added_version: Mapped[int] = mapped_column(Integer)
    added_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class ContentSeen(Base):
    """Up to which ``content_version`` an account has looked at a case: late images must be seen before a signature."""

    __tablename__ = "content_seen"
    __table_args__ = (SCHEMA,)

    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id), primary_key=True)
    account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    content_version: Mapped[int] = mapped_column(Integer)
    seen_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class CaseHistory(Base):
    __tablename__ = "case_history"
    __table_args__ = (Index("ix_case_history_case_id", "case_id", "id"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id))
    case_version: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Moment)
    action: Mapped[str] = mapped_column(Text)
    from_state: Mapped[str | None] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    event: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    org_id: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
