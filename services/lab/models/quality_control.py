"""Internal quality control (室内质控, WS/T 641) and external assessment (室间质评, WS/T 644)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from services.lab.models.messages import ReceivedMessage
from shared.db import Base


class QcLot(Base):
    """Control material of one lot. Once closed, or after ``expires_on``, its values are no control runs any more."""

    __tablename__ = "qc_lot"
    __table_args__ = (UniqueConstraint("laboratory_id", "lot"), SCHEMA)

    lot_id: Mapped[str] = mapped_column(Text, primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    lot: Mapped[str] = mapped_column(Text)
    material: Mapped[str] = mapped_column(Text)
    expires_on: Mapped[date | None] = mapped_column(Date)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    closed_by: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class QcLevel(Base):
    """``level`` as the analyzer names it; ``name`` as people do (低值, 高值)."""

    __tablename__ = "qc_level"
    __table_args__ = (SCHEMA,)

    lot_id: Mapped[str] = mapped_column(ForeignKey(QcLot.lot_id), primary_key=True)
    level: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)


class QcTarget(Base):
    """Mean and standard deviation of an item at a level of a lot on an analyzer. A change is a new row."""

    __tablename__ = "qc_target"
    __table_args__ = (Index("ix_qc_target_of", "lot_id", "level", "analyzer", "item", "id"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    lot_id: Mapped[str] = mapped_column(ForeignKey(QcLot.lot_id))
    level: Mapped[str] = mapped_column(Text)
    analyzer: Mapped[str] = mapped_column(Text)
    item: Mapped[str] = mapped_column(Text)
    mean: Mapped[Decimal] = mapped_column(Numeric)
    sd: Mapped[Decimal] = mapped_column(Numeric)
    unit: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class QcRun(Base):
    """Control values of one item that were measured together on one analyzer. ``state``: accepted, warned, rejected,
    resolved; a rejected one blocks its analyzer and item until somebody says what was done. ``restarts``: before it a
    calibration or a new lot made another process, which earlier runs say nothing of."""

    __tablename__ = "qc_run"
    __table_args__ = (
        Index("ix_qc_run_of", "laboratory_id", "analyzer", "item", "run_id"),
        Index("ix_qc_run_blocking", "laboratory_id", "analyzer", "item", postgresql_where=text("state = 'rejected'")),
        SCHEMA,
    )

    run_id: Mapped[str] = mapped_column(Text, primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    analyzer: Mapped[str] = mapped_column(Text)
    item: Mapped[str] = mapped_column(Text)
    lot_id: Mapped[str] = mapped_column(ForeignKey(QcLot.lot_id))
    measured_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(Text)
    restarts: Mapped[bool] = mapped_column(Boolean, server_default=false())
    violations: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class QcPoint(Base):
    """One control value. ``z``: distance from the mean in standard deviations, with the target of its time."""

    __tablename__ = "qc_point"
    __table_args__ = (UniqueConstraint("message_id", "group_number", "line_number"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey(QcRun.run_id), index=True)
    level: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal] = mapped_column(Numeric)
    unit: Mapped[str] = mapped_column(Text)
    target_id: Mapped[int] = mapped_column(ForeignKey(QcTarget.id))
    z: Mapped[Decimal] = mapped_column(Numeric)
    measured_at: Mapped[datetime] = mapped_column(Moment)
    message_id: Mapped[str] = mapped_column(ForeignKey(ReceivedMessage.message_id))
    group_number: Mapped[int] = mapped_column(Integer)
    line_number: Mapped[int] = mapped_column(Integer)


class QcAction(Base):
    """What was done about a rejected run. ``restarts``: it made another process of the analyzer (see QcRun)."""

    __tablename__ = "qc_action"
    __table_args__ = (SCHEMA,)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey(QcRun.run_id), index=True)
    action: Mapped[str] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text, server_default="")
    restarts: Mapped[bool] = mapped_column(Boolean, server_default=false())
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class EqaResult(Base):
    """One item of one round of a scheme. Other hospitals recognise a result only while it is passed (互认)."""

    __tablename__ = "eqa_result"
    __table_args__ = (UniqueConstraint("laboratory_id", "scheme", "round", "item"), SCHEMA)

    eqa_id: Mapped[str] = mapped_column(Text, primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    scheme: Mapped[str] = mapped_column(Text)
    round: Mapped[str] = mapped_column(Text)
    item: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    target: Mapped[Decimal | None] = mapped_column(Numeric)
    verdict: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(Moment)
    valid_to: Mapped[datetime] = mapped_column(Moment)
    entered_by: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
