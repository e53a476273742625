"""A claim: a row, a token shown on every write, a lease that the holder's work renews."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base
from shared.reading.models.case import SCHEMA, Case

Moment = DateTime(timezone=True)


class Claim(Base):
    """Live while ``ended_at`` is NULL; the index lets a case have one such row. Ended ones stay: they tell who held
    the case when, and a resume is checked against the last."""

    __tablename__ = "claim"
    __table_args__ = (
        Index("uq_claim_live", "case_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_claim_lease", "lease_until", postgresql_where=text("ended_at IS NULL")),
        Index("ix_claim_account_id", "account_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_claim_case_id", "case_id", "claimed_at"),
        SCHEMA,
    )

    claim_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey(Case.case_id))
    stage: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text, unique=True)
    account_id: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    org_id: Mapped[str] = mapped_column(Text)
    claimed_at: Mapped[datetime] = mapped_column(Moment)
    lease_until: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(Text)
