"""Studies, series, instances. Schema ``imaging``.

An instance belongs to the clinic that sent it: (clinic, SOP Instance UID) is unique, and another clinic's equal UID
is another row. Which case shows it stands in ``reading.case_content``, whose ``record_id`` is ``instance_id`` and
whose ``sha256`` is the data set's: one instance may be shown by several cases (a repeat after a rejection).
"""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

CONTENT_KIND = "instance"  # what the reading workflow calls our contents
_SCHEMA = {"schema": "imaging"}


class Study(Base):
    """The patient's and the study's attributes as the first instance had them, with its order's words in place of the
    patient's and of the accession number (intake/coercion.py); the case's card is in ``reading``.

    ``name_key``, ``name_sounds``, ``name_terms``: the patient's name as it is searched (parse/name_search.py), beside
    the one that is shown as the order writes it.
    """

    __tablename__ = "study"
    __table_args__ = (
        UniqueConstraint("clinic_id", "study_uid"),
        Index("ix_study_study_uid", "study_uid"),
        Index(
            "ix_study_newest", text("study_date DESC NULLS LAST"), text("study_time DESC NULLS LAST"), text("id DESC")
        ),
        Index("ix_study_patient_id", "patient_id"),
        Index("ix_study_accession_number", "accession_number"),
        Index("ix_study_name_terms", "name_terms", postgresql_using="gin"),
        _SCHEMA,
    )

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
    name_key: Mapped[str] = mapped_column(Text, server_default="")
    name_sounds: Mapped[str] = mapped_column(Text, server_default="")
    name_terms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
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
    the pixel data: ``{offset, length, fragments}``. Offsets count from the beginning of the instance's file.

    ``coercion``: what the order says in place of the file, ``{attributes, original, at, source, reason}``, the first
    two as DICOM JSON by tag (intake/coercion.py).

    ``original_sha256``, ``original_transfer_syntax_uid``: of the file that the clinic compressed without loss before it
    sent this one, as the clinic says.
    """

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
    coercion: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    original_sha256: Mapped[str | None] = mapped_column(Text)
    original_transfer_syntax_uid: Mapped[str | None] = mapped_column(Text)
    blob_store: Mapped[str] = mapped_column(Text)
    blob_key: Mapped[str] = mapped_column(Text)
    blob_offset: Mapped[int] = mapped_column(BigInteger)
    blob_length: Mapped[int] = mapped_column(BigInteger)
    blob_sha256: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class SeriesShown(Base):
    """Up to which ``content_version`` of a case an account was given the list of a series' images.

    Viewers ask for one series after another: a late upload of two series is seen when both were asked for.
    """

    __tablename__ = "series_shown"
    __table_args__ = (_SCHEMA,)

    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    series_pk: Mapped[int] = mapped_column(ForeignKey(Series.id), primary_key=True)
    content_version: Mapped[int] = mapped_column(Integer)


class Deletion(Base):
    """What an administrator deleted: a study, a series or an instance, as ``series_uid`` and ``sop_instance_uid`` say.

    The rows themselves are gone; this and its ``DeletedInstance`` are what stays.
    """

    __tablename__ = "deletion"
    __table_args__ = (Index("ix_deletion_study_uid", "study_uid"), _SCHEMA)

    deletion_id: Mapped[str] = mapped_column(Text, primary_key=True)
    clinic_id: Mapped[str] = mapped_column(Text)
    study_uid: Mapped[str] = mapped_column(Text)
    series_uid: Mapped[str | None] = mapped_column(Text)
    sop_instance_uid: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    case_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    deleted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class DeletedInstance(Base):
    __tablename__ = "deleted_instance"
    __table_args__ = (_SCHEMA,)

    deletion_id: Mapped[str] = mapped_column(ForeignKey(Deletion.deletion_id), primary_key=True)
    instance_id: Mapped[str] = mapped_column(Text, primary_key=True)
    series_uid: Mapped[str] = mapped_column(Text)
    sop_instance_uid: Mapped[str] = mapped_column(Text)
    sop_class_uid: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str] = mapped_column(Text)
    data_set_sha256: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Upload(Base):
    """A resumable upload (tus 1.0). Its bytes are a file of the spool folder until it is finished.

    ``offset_bytes``: so many are durable. ``writer``: who may move it on; a later one takes the place. ``case_group``:
    uploads that become one case together. ``order_json``: the words of the clinic. ``answer``, ``answer_status``: what
    ``POST /cases`` would have answered; None until it is finished.
    """

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint("offset_bytes BETWEEN 0 AND length_bytes", name="offset_within"),
        Index("ix_upload_clinic_group", "clinic_id", "case_group"),
        Index("ix_upload_expires_at", "expires_at"),
        _SCHEMA,
    )

    upload_id: Mapped[str] = mapped_column(Text, primary_key=True)
    clinic_id: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    length_bytes: Mapped[int] = mapped_column(BigInteger)
    offset_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    metadata_text: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    order_json: Mapped[str | None] = mapped_column(Text)
    case_group: Mapped[str | None] = mapped_column(Text)
    group_size: Mapped[int | None] = mapped_column(Integer)
    writer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    complete_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answer_status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
