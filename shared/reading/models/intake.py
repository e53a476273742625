"""Idempotency keys of clinics' uploads."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base
from shared.reading.models.case import SCHEMA, Case


class IdempotencyKey(Base):
    """``body_sha256`` covers the order and the bytes; the key is free again after seven days."""

    __tablename__ = "idempotency_key"
    __table_args__ = (SCHEMA,)

    clinic_id: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    body_sha256: Mapped[str] = mapped_column(Text)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id))
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp(), index=True
    )
