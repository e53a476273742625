"""Refused files."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


class QuarantinedFile(Base):
    """A file that was refused, kept for a person to look at. ``file_name`` may hold a patient's name.

    ``blob_key`` is None for a file too large to be kept or beyond its clinic's quota: only digest and size remain.
    """

    __tablename__ = "quarantine"
    __table_args__ = (
        Index("ix_quarantine_received_at", "received_at"),
        Index("ix_quarantine_blob_key", "blob_key"),
        {"schema": "reading"},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    clinic_id: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    correlation_id: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    blob_store: Mapped[str | None] = mapped_column(Text)
    blob_key: Mapped[str | None] = mapped_column(Text)
    blob_offset: Mapped[int | None] = mapped_column(BigInteger)
    blob_length: Mapped[int | None] = mapped_column(BigInteger)
