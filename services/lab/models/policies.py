"""A laboratory's choices: rule set, senders, who stands for what passes by itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Identity, Index, Integer, Text, UniqueConstraint, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from shared.db import Base


class RuleSetState(Base):
    """A rule set was switched on after it had passed its own cases: ``cases_passed`` of them, ``digest`` of the data
    it was then. Of a laboratory's rows whose ``holds_from`` has come, the latest holds."""

    __tablename__ = "rule_set_state"
    __table_args__ = (Index("ix_rule_set_state_laboratory_id", "laboratory_id", "id"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    rule_set: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    cases_passed: Mapped[int] = mapped_column(Integer)
    switched_by: Mapped[str] = mapped_column(Text)
    switched_by_name: Mapped[str] = mapped_column(Text)
    holds_from: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    switched_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class SenderSetting(Base):
    """How to read one sender: its character set where it declares none. ``sender`` empty: all from ``address``."""

    __tablename__ = "sender_setting"
    __table_args__ = (UniqueConstraint("laboratory_id", "sender", "address"), SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    charset: Mapped[str] = mapped_column(Text)
    analyzer: Mapped[str] = mapped_column(Text, server_default="")
    set_by: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class LabPolicy(Base):
    """``releases_alone``: what passed every rule may be released by one person under a standing authorisation
    (``Authorisation``); otherwise two sign. ``numbers``: further choices, by name."""

    __tablename__ = "policy"
    __table_args__ = (SCHEMA,)

    laboratory_id: Mapped[str] = mapped_column(Text, primary_key=True)
    releases_alone: Mapped[bool] = mapped_column(Boolean, server_default=false())
    set_by: Mapped[str | None] = mapped_column(Text)
    set_at: Mapped[datetime | None] = mapped_column(Moment)
    numbers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
