"""Signed reports as the gateway verified and keeps them: served while the centre is down, never altered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


class ReportHead(Base):
    """One report over all its versions. Facts come in any order: a void may be known before any version is."""

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_case_id", "case_id"),
        {"schema": "gateway"},
    )

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(Text)
    center: Mapped[str] = mapped_column(Text)
    latest_version: Mapped[int | None] = mapped_column(Integer)
    voided_version: Mapped[int | None] = mapped_column(Integer)
    voided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    void_reason: Mapped[str | None] = mapped_column(Text)


class ReportVersion(Base):
    """One released version: the statement that was signed, who signed it, and the gateway's own copies of the files.

    ``document`` is the payload of the JWS as signed; ``signers`` what verification found; ``jws`` and ``pdf`` are
    refs into the gateway's store. ``patient_id``, ``national_id`` as in WorklistCase.
    """

    __tablename__ = "report_version"
    __table_args__ = (
        Index("ix_report_version_patient", "clinic_id", "patient_id"),
        Index("ix_report_version_national_id", "national_id", postgresql_where=text("national_id IS NOT NULL")),
        {"schema": "gateway"},
    )

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    center: Mapped[str] = mapped_column(Text)
    case_id: Mapped[str] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text)
    reading_site_id: Mapped[str] = mapped_column(Text)
    patient_id: Mapped[str | None] = mapped_column(Text)
    national_id: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    turnaround_s: Mapped[int | None] = mapped_column(Integer)
    is_development: Mapped[bool] = mapped_column(Boolean)
    payload_sha256: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    signers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    jws: Mapped[dict[str, Any]] = mapped_column(JSONB)
    pdf: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class ReportFact(Base):
    """That a version was signed, amended or voided: inserted once, whatever the order and number of its events."""

    __tablename__ = "report_fact"
    __table_args__ = ({"schema": "gateway"},)

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReportRefusal(Base):
    """An alarm: a centre's event named a report that does not verify. It is not served; ``code`` says why.

    The row goes when the event is replayed and verifies.
    """

    __tablename__ = "report_refusal"
    __table_args__ = ({"schema": "gateway"},)

    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    center: Mapped[str] = mapped_column(Text)
    report_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default="1")
    first_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
