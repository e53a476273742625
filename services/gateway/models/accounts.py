"""The region's facts as their owner keeps them, and what proves who somebody is."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Integer, Text, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

_SCHEMA = {"schema": "gateway"}


class RegionFact(Base):
    """One record of the directory (shared/events/directory.py) in its newest revision.

    The record is kept as it is published: a column for each field would define every record a second time. A deleted
    record keeps its row, since a revision that began again at 1 would be passed over by the services' copies.
    """

    __tablename__ = "region_fact"
    __table_args__ = (_SCHEMA,)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(Boolean, server_default=false())
    record: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class Login(Base):
    """How an account proves itself. Never published: the directory holds no password, hashed or not."""

    __tablename__ = "login"
    __table_args__ = (_SCHEMA,)

    account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    username: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    password_changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LoginFailure(Base):
    """Failures in a row of one account from one address. ``attempt_key`` is a digest: a name may be a password."""

    __tablename__ = "login_failure"
    __table_args__ = (_SCHEMA,)

    attempt_key: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_failed_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp(), index=True
    )
    blocked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LoginSession(Base):
    """One login and all refresh tokens that came of it: the family that a re-used token brings down."""

    __tablename__ = "login_session"
    __table_args__ = (_SCHEMA,)

    session_id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text, index=True)
    address: Mapped[str] = mapped_column(Text, server_default="")
    started_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp(), index=True
    )
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RefreshToken(Base):
    """``token_hash`` is SHA-256 of the token, in hexadecimal; ``used_at`` once it was exchanged for the next."""

    __tablename__ = "refresh_token"
    __table_args__ = (_SCHEMA,)

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    session_id: Mapped[str] = mapped_column(
        Text, ForeignKey("gateway.login_session.session_id", ondelete="CASCADE"), index=True
    )
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OneTimeLink(Base):
    """A link that works once: ``setup`` of the first administrator, or a new ``password`` of an account."""

    __tablename__ = "one_time_link"
    __table_args__ = (_SCHEMA,)

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
