"""Values of patients' specimens."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from services.lab.models.messages import ReceivedMessage
from services.lab.models.specimens import Specimen
from shared.db import Base


class Result(Base):
    """One value as it was sent (``value``, ``unit_sent``) and as we read it: ``number`` and ``comparator`` in the
    item's own ``unit``, or ``text``.

    No row is ever changed but for ``superseded_by``, ``is_current`` and its judgement: a correction, a deletion and a
    re-run are new rows. ``is_current``: what the report prints; of one item of a case at most one. ``status``:
    preliminary, final, corrected, deleted. ``doubts``: reasons besides the rules' own that hold it (another value came
    before, another patient was named). ``run``: 1, and one more for each value that came after it.
    """

    __tablename__ = "result"
    __table_args__ = (
        UniqueConstraint("message_id", "group_number", "line_number"),
        Index("uq_result_current", "case_id", "item", unique=True, postgresql_where=sql("is_current")),
        Index("ix_result_of", "laboratory_id", "analyzer", "item", postgresql_where=sql("is_current")),
        Index("ix_result_case_id", "case_id", "item", "run"),
        SCHEMA,
    )

    result_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(Text)
    specimen_id: Mapped[str] = mapped_column(ForeignKey(Specimen.specimen_id), index=True)
    laboratory_id: Mapped[str] = mapped_column(Text)
    item: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name_sent: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    unit_sent: Mapped[str] = mapped_column(Text)
    number: Mapped[Decimal | None] = mapped_column(Numeric)
    comparator: Mapped[str] = mapped_column(Text, server_default="")
    unit: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    comments: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    dilution: Mapped[str] = mapped_column(Text, server_default="")
    analyzer: Mapped[str] = mapped_column(Text)
    operator: Mapped[str] = mapped_column(Text)
    measured_at: Mapped[datetime | None] = mapped_column(Moment)
    status: Mapped[str] = mapped_column(Text)
    run: Mapped[int] = mapped_column(Integer)
    is_current: Mapped[bool] = mapped_column(Boolean)
    is_held: Mapped[bool] = mapped_column(Boolean)
    superseded_by: Mapped[str | None] = mapped_column(Text)
    doubts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    judgement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    message_id: Mapped[str] = mapped_column(ForeignKey(ReceivedMessage.message_id))
    group_number: Mapped[int] = mapped_column(Integer)
    line_number: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
