"""Studies, series, instances. Schema ``imaging``.

An instance belongs to the clinic that sent it: (clinic, SOP Instance UID) is unique, and another clinic's equal UID
is another row. Which case shows it stands in ``reading.case_content``, whose ``record_id`` is ``instance_id`` and
whose ``sha256`` is the data set's: one instance may be shown by several cases (a repeat after a rejection).
"""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, Text, Time, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

CONTENT_KIND = "instance"  # what the reading workflow calls our contents
_SCHEMA = {"schema": "imaging"}


class Study(Base):
    """The patient's and the study's attributes as the first instance had them; the case's card is in ``reading``."""

    __tablename__ = "study"
    __table_args__ = (UniqueConstraint("clinic_id", "study_uid"), _SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    clinic_id: Mapped[str] = mapped_column(Text)
    study_uid: Mapped[str] = mapped_column(Text)
    patient_id: Mapped[str] = mapped_column(Text)
    patient_name: Mapped[str] = mapped_column(Text)
    patient_sex: Mapped[str] = mapped_column(Text)
    patient_birth_date: Mapped[date | None] = mapped_column(Date)
    study_date: Mapped[date | None] = mapped_column(Date)
    study_time: Mapped[time | None] = mapped_column(Time)
    study_id: Mapped[str] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    referring_physician: Mapped[str] = mapped_column(Text)
    first_received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    last_received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class Series(Base):
    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_pk", "series_uid"), _SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    study_pk: Mapped[int] = mapped_column(ForeignKey(Study.id))
    series_uid: Mapped[str] = mapped_column(Text)
    modality: Mapped[str] = mapped_column(Text)
    number: Mapped[int | None] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(Text)
    body_part: Mapped[str] = mapped_column(Text)
    laterality: Mapped[str] = mapped_column(Text)
    station: Mapped[str] = mapped_column(Text)


class Instance(Base):
    """``header`` is DICOM JSON without pixels and long values (their places are in ``bulk``); ``pixels`` the place of
    the pixel data: ``{offset, length, fragments}``. Offsets count from the beginning of the instance's file."""

    __tablename__ = "instance"
    __table_args__ = (
        UniqueConstraint("clinic_id", "sop_instance_uid"),
        Index("ix_instance_series_pk", "series_pk"),
        Index("ix_instance_blob_key", "blob_key"),
        _SCHEMA,
    )

    instance_id: Mapped[str] = mapped_column(Text, primary_key=True)
    series_pk: Mapped[int] = mapped_column(ForeignKey(Series.id))
    clinic_id: Mapped[str] = mapped_column(Text)
    sop_instance_uid: Mapped[str] = mapped_column(Text)
    sop_class_uid: Mapped[str] = mapped_column(Text)
    transfer_syntax_uid: Mapped[str] = mapped_column(Text)
    number: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    columns: Mapped[int | None] = mapped_column(BigInteger)
    number_of_frames: Mapped[int] = mapped_column(BigInteger)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    file_sha256: Mapped[str] = mapped_column(Text)
    data_set_sha256: Mapped[str] = mapped_column(Text)
    data_set_offset: Mapped[int] = mapped_column(BigInteger)
    charset_assumed: Mapped[str | None] = mapped_column(Text)
    remarks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    header: Mapped[dict[str, Any]] = mapped_column(JSONB, deferred=True)
    bulk: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, deferred=True)
    pixels: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    blob_store: Mapped[str] = mapped_column(Text)
    blob_key: Mapped[str] = mapped_column(Text)
    blob_offset: Mapped[int] = mapped_column(BigInteger)
    blob_length: Mapped[int] = mapped_column(BigInteger)
    blob_sha256: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
