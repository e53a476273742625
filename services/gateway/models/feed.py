"""What clients follow: the feed of reports and the live events of the worklist, each numbered by one counter row.

A number is taken by ``UPDATE … SET n = n + 1`` at the end of the transaction that writes the row. Whoever waits for
that row lock commits later, so numbers become visible in their order and without a gap; a sequence would not do that,
and a poller would pass over rows of transactions that were still open.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


class Counter(Base):
    """``reports`` or ``live``. ``epoch`` is part of every cursor: one from before a rebuild is refused, not misread."""

    __tablename__ = "feed"
    __table_args__ = ({"schema": "gateway"},)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, server_default="0")
    epoch: Mapped[str] = mapped_column(Text, server_default=func.left(func.md5(func.gen_random_uuid().cast(Text)), 8))


class FeedEntry(Base):
    """One line. ``item`` is what it says (center, case, clinic, patient, times); ``org_ids`` are those who see it."""

    __tablename__ = "feed_entry"
    __table_args__ = ({"schema": "gateway"},)

    feed_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    report_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    org_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    item: Mapped[dict[str, Any]] = mapped_column(JSONB)


class FeedVisibility(Base):
    """Who sees which line, with the columns that a poll may filter by: a sparse filter reads an index, not the feed."""

    __tablename__ = "feed_visibility"
    __table_args__ = (
        Index("ix_feed_visibility_patient", "org_id", "patient_id", "feed_seq"),
        Index("ix_feed_visibility_clinic", "org_id", "clinic_id", "feed_seq"),
        Index("ix_feed_visibility_center", "org_id", "center", "feed_seq"),
        Index("ix_feed_visibility_kind", "org_id", "kind", "feed_seq"),
        {"schema": "gateway"},
    )

    org_id: Mapped[str] = mapped_column(Text, primary_key=True)
    feed_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    center: Mapped[str] = mapped_column(Text)
    clinic_id: Mapped[str] = mapped_column(Text)
    patient_id: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)


class LiveEvent(Base):
    """A change of a reading site's worklist, kept for a while so that a browser that was away misses none.

    Of a critical result (``critical_id``, its ``step``) the clinic has a row too; ``state`` is then the result's."""

    __tablename__ = "live_event"
    __table_args__ = (
        Index("ix_live_event_at", "at"),
        {"schema": "gateway"},
    )

    live_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[str] = mapped_column(Text)
    center: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    case_id: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    priority: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    critical_id: Mapped[str | None] = mapped_column(Text)
    step: Mapped[str | None] = mapped_column(Text)
