"""Keys that sign access tokens, the region's certificate authority, and every certificate it ever issued."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base

_SCHEMA = {"schema": "gateway"}


class TokenKey(Base):
    """``private_pem`` is sealed where a secret is configured. A retired key stays until its last token has expired."""

    __tablename__ = "token_key"
    __table_args__ = (_SCHEMA,)

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_pem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AuthorityKey(Base):
    """The development authority that this region made for itself; an external one's key never comes here."""

    __tablename__ = "authority"
    __table_args__ = (_SCHEMA,)

    anchor_id: Mapped[str] = mapped_column(Text, primary_key=True)
    chain_pem: Mapped[str] = mapped_column(Text)
    private_pem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class Certificate(Base):
    """Kept for ever: a report signed years ago must still be told from one signed after the revocation."""

    __tablename__ = "certificate"
    __table_args__ = (_SCHEMA,)

    serial: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text, index=True)
    chain_pem: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
