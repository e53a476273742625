"""What analyzers and systems sent, byte for byte, and what of it waits for a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from shared.db import Base


class ReceivedMessage(Base):
    """Stored before it is acknowledged, applied afterwards, in the order of ``sequence``.

    ``identity``: the sender's message id, else the digest of the bytes; with laboratory and sender it tells a repeat
    from news. ``state``: received (not applied yet), applied, waiting (a code, unit or specimen in it is unknown),
    rejected (``error_code``). ``case_id``: it came with an order, as that case's results, in a file of
    ``file_sha256``. The bytes lie in the row: a message and its acknowledgement are one commit, and most are a few
    kilobytes.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("laboratory_id", "sender", "identity"),
        Index("ix_message_sequence", "sequence", unique=True),
        Index("ix_message_received", "sequence", postgresql_where=sql("state = 'received'")),
        Index("ix_message_case_id", "case_id", postgresql_where=sql("case_id IS NOT NULL")),
        Index("ix_message_file_sha256", "file_sha256", postgresql_where=sql("file_sha256 IS NOT NULL")),
        SCHEMA,
    )

    message_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    laboratory_id: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)
    identity: Mapped[str] = mapped_column(Text)
    control_id: Mapped[str] = mapped_column(Text)
    protocol: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    charset: Mapped[str] = mapped_column(Text)
    remarks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    case_id: Mapped[str | None] = mapped_column(Text)
    file_sha256: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(Text)
    error_detail: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    received_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    applied_at: Mapped[datetime | None] = mapped_column(Moment)


class Orphan(Base):
    """One specimen's lines of one message that have no place: ``reason`` specimen_unknown, ambiguous, order_canceled,
    item_canceled, specimen_refused, report_released, control_unknown. ``state``: open, attached, dismissed."""

    __tablename__ = "orphan"
    __table_args__ = (
        UniqueConstraint("message_id", "group_number"),
        Index("ix_orphan_open", "laboratory_id", "orphan_id", postgresql_where=sql("state = 'open'")),
        SCHEMA,
    )

    orphan_id: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey(ReceivedMessage.message_id))
    group_number: Mapped[int] = mapped_column(Integer)
    laboratory_id: Mapped[str] = mapped_column(Text)
    specimen_number: Mapped[str] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(Text)
    patient: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(Text)
    case_id: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    specimen_id: Mapped[str | None] = mapped_column(Text)
    settled_by: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None] = mapped_column(Moment)
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class Unmapped(Base):
    """One line that nobody understands yet: ``kind`` code, unit or specimen. Its message waits until a person maps it.
    ``text``: what is unknown of it."""

    __tablename__ = "unmapped"
    __table_args__ = (
        UniqueConstraint("message_id", "group_number", "line_number"),
        Index("ix_unmapped_open", "laboratory_id", "id", postgresql_where=sql("settled_at IS NULL")),
        SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey(ReceivedMessage.message_id))
    group_number: Mapped[int] = mapped_column(Integer)
    line_number: Mapped[int] = mapped_column(Integer)
    laboratory_id: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    analyzer: Mapped[str] = mapped_column(Text)
    system: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    case_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None] = mapped_column(Moment)


class AnalyzerCode(Base):
    """What a technologist said an analyzer's code means. ``item`` None: lines of this code are no results and are
    passed over. ``unit`` (UCUM) holds where the line's own unit is exactly ``sent_unit``."""

    __tablename__ = "analyzer_code"
    __table_args__ = (UniqueConstraint("laboratory_id", "analyzer", "code", "system"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    analyzer: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    system: Mapped[str] = mapped_column(Text)
    item: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text, server_default="")
    sent_unit: Mapped[str] = mapped_column(Text, server_default="")
    mapped_by: Mapped[str] = mapped_column(Text)
    mapped_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class SpecimenWord(Base):
    """What a technologist said a sender's word for a specimen means."""

    __tablename__ = "specimen_word"
    __table_args__ = (SCHEMA,)

    laboratory_id: Mapped[str] = mapped_column(Text, primary_key=True)
    word: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    mapped_by: Mapped[str] = mapped_column(Text)
    mapped_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
