"""Recordings of the ECG centre. Schema ``ecg``.

A recording belongs to one case: what is said of it depends on that case's patient. Its content in
``reading.case_content`` has ``record_id`` = ``recording_id`` and the digest of the original bytes.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Double, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

CONTENT_KIND = "recording"  # what the reading workflow calls our contents
_SCHEMA = {"schema": "ecg"}
_MOMENT = DateTime(timezone=True)


class Recording(Base):
    """One continuous ECG.

    ``originals``: the files as they were sent (``name`` may be a patient's; ``blob`` a BlobRef). ``trace``: BlobRef of
    our own stored form (rules/trace.py), from which waveform, median beat and sheet are served. ``cart``: what the cart
    measured and stated itself. ``analysis``: measurements, marks, beats; ``analysis_version`` of the code that made
    them. ``suspected``: what the county's list of criticals found in it.
    """

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("case_id", "sha256"),
        Index("ix_recording_blob_keys", "blob_keys", postgresql_using="gin"),
        _SCHEMA,
    )

    recording_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    sampling_rate_hz: Mapped[float] = mapped_column(Double)
    sample_count: Mapped[int] = mapped_column(BigInteger)
    leads: Mapped[list[str]] = mapped_column(ARRAY(Text))
    derived: Mapped[list[str]] = mapped_column(ARRAY(Text))
    device: Mapped[dict[str, Any]] = mapped_column(JSONB)
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    remarks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    quality: Mapped[dict[str, Any]] = mapped_column(JSONB)
    cart: Mapped[dict[str, Any]] = mapped_column(JSONB)
    analysis: Mapped[dict[str, Any]] = mapped_column(JSONB)
    analysis_version: Mapped[str] = mapped_column(Text)
    suggestions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    suspected: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    originals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    trace: Mapped[dict[str, Any]] = mapped_column(JSONB)
    blob_keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    received_at: Mapped[datetime] = mapped_column(_MOMENT, server_default=func.clock_timestamp())
