"""A named person stands for what one other releases alone, as long as every rule let it pass."""

from datetime import datetime

from sqlalchemy import Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from shared.db import Base


class Authorisation(Base):
    """Holds from ``confirmed_at``, by another person than gave it, until ``valid_until`` or ``revoked_at``.

    ``digest`` is of the rule set's data as it was given for; ``items`` are codes of the catalogue, the panels' among
    them, so that a panel that grows later authorises nothing more.
    """

    __tablename__ = "authorisation"
    __table_args__ = (Index("ix_authorisation_laboratory_id", "laboratory_id", "authorisation_id"), SCHEMA)

    authorisation_id: Mapped[str] = mapped_column(Text, primary_key=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    rule_set: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    items: Mapped[list[str]] = mapped_column(JSONB)
    panels: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    valid_until: Mapped[datetime] = mapped_column(Moment)
    given_by: Mapped[str] = mapped_column(Text)
    given_by_name: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    confirmed_by_name: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_by_name: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_why: Mapped[str | None] = mapped_column(Text)
