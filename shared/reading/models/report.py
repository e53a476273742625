"""A case's report: every revision of its draft, every version that left its author's hands."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Identity, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base
from shared.reading.models.case import SCHEMA, Case

Moment = DateTime(timezone=True)


class Report(Base):
    """``version`` is the highest number given out, ``released_version`` the one that stands signed, ``draft_revision``
    the number of the last save."""

    __tablename__ = "report"
    __table_args__ = (SCHEMA,)

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id), unique=True)
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    waiting_version: Mapped[int | None] = mapped_column(Integer)
    released_version: Mapped[int | None] = mapped_column(Integer)
    draft_revision: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class ReportDraft(Base):
    """One saved revision. ``base_version``: the report version whose text it started from (0: from nothing).

    ``kind``: draft (written while reading), revised (written by the reviewer), recovered (came with a lost claim:
    nobody's current text, kept for whoever wrote it), opened (an amendment's starting text).
    """

    __tablename__ = "report_draft"
    __table_args__ = (
        Index("ix_report_draft_case_id", "case_id", "id"),
        SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id))
    report_id: Mapped[str] = mapped_column(ForeignKey(Report.report_id))
    revision: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    base_version: Mapped[int] = mapped_column(Integer)
    claim_id: Mapped[str | None] = mapped_column(Text)
    saved_by: Mapped[str] = mapped_column(Text)
    saved_by_name: Mapped[str] = mapped_column(Text)
    first_saved_at: Mapped[datetime] = mapped_column(Moment)
    saved_at: Mapped[datetime] = mapped_column(Moment)


class ReportVersion(Base):
    """``status``: preliminary, submitted, final, amended, superseded, voided. The signed statement is ``document``;
    ``jws`` and ``pdf`` are refs into the region's store. ``revises``: the author's version that a reviewer changed
    (审核修改); ``amends``: the released version that this one replaces. ``case_version``: the step that wrote it.
    """

    __tablename__ = "report_version"
    __table_args__ = (
        Index("ix_report_version_case_id", "case_id", "version"),
        ForeignKeyConstraint(["report_id"], [Report.report_id]),
        SCHEMA,
    )

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id))
    status: Mapped[str] = mapped_column(Text)
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    payload_sha256: Mapped[str | None] = mapped_column(Text)
    jws: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    pdf: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    author_id: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str] = mapped_column(Text)
    author_org_id: Mapped[str] = mapped_column(Text)
    reviewer_id: Mapped[str | None] = mapped_column(Text)
    reviewer_name: Mapped[str | None] = mapped_column(Text)
    reviewer_org_id: Mapped[str | None] = mapped_column(Text)
    written_by: Mapped[list[str]] = mapped_column(ARRAY(Text))
    claim_id: Mapped[str | None] = mapped_column(Text)
    revises: Mapped[int | None] = mapped_column(Integer)
    amends: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
    positive: Mapped[bool | None]
    content_version: Mapped[int] = mapped_column(Integer)
    case_version: Mapped[int] = mapped_column(Integer)
    submitted_at: Mapped[datetime] = mapped_column(Moment)
    signed_at: Mapped[datetime | None] = mapped_column(Moment)
    turnaround_s: Mapped[int | None] = mapped_column(Integer)
