"""Specimens (标本) on their way from the patient to the bin, and each step of it."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from shared.db import Base


class Specimen(Base):
    """One tube. ``number`` is what its barcode says, unique within the laboratory that will open it; empty
    ``laboratory_id`` while none was found. ``state``: ordered, collected, packed, received, refused, in_analysis,
    resulted, stored, discarded. ``order_id`` None: a case that was opened by its results."""

    __tablename__ = "specimen"
    __table_args__ = (
        UniqueConstraint("laboratory_id", "number"),
        Index("ix_specimen_state", "laboratory_id", "state", "specimen_id"),
        SCHEMA,
    )

    specimen_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[str] = mapped_column(Text)
    laboratory_id: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text, index=True)
    case_id: Mapped[str] = mapped_column(Text, index=True)
    order_id: Mapped[str | None] = mapped_column(Text, index=True)
    type: Mapped[str] = mapped_column(Text)
    tube: Mapped[str | None] = mapped_column(Text)
    group: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    box: Mapped[str | None] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(Text)
    refusal: Mapped[str | None] = mapped_column(Text)
    collected_at: Mapped[datetime | None] = mapped_column(Moment)
    received_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class SpecimenStep(Base):
    """Who did what with it, when (``at`` as he says, ``entered_at`` by the database), where, how cold it was (°C)."""

    __tablename__ = "specimen_step"
    __table_args__ = (Index("ix_specimen_step_specimen_id", "specimen_id", "id"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    specimen_id: Mapped[str] = mapped_column(ForeignKey(Specimen.specimen_id))
    step: Mapped[str] = mapped_column(Text)
    from_state: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    org_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    entered_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    place: Mapped[str | None] = mapped_column(Text)
    box: Mapped[str | None] = mapped_column(Text)
    temperature_c: Mapped[float | None]
    reason: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
