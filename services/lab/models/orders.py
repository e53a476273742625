"""What a clinic asked for: one order, its cases, the items of each."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Identity, Index, Text, UniqueConstraint, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.lab.models.base import SCHEMA, Moment
from shared.db import Base


class LabOrder(Base):
    """Groups the cases of one order: a case is one report group of one specimen, so that a blood count is not kept
    waiting for a culture. ``accession_number`` is the order's own; its cases bear it too, numbered where there are
    several. ``laboratory_id``: the reading site that was chosen, empty while none takes it."""

    __tablename__ = "lab_order"
    __table_args__ = (UniqueConstraint("clinic_id", "accession_number"), SCHEMA)

    order_id: Mapped[str] = mapped_column(Text, primary_key=True)
    clinic_id: Mapped[str] = mapped_column(Text)
    laboratory_id: Mapped[str] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(Text)
    ordered_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())


class OrderedItem(Base):
    """One item of one case. ``panel`` it was ordered with, if any. ``is_add_on``: asked for when the specimen was
    there already. ``canceled_at``: no result is waited for any more; one that comes all the same is an orphan."""

    __tablename__ = "ordered_item"
    __table_args__ = (
        Index("uq_ordered_item_live", "case_id", "item", unique=True, postgresql_where=text("canceled_at IS NULL")),
        SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text)
    order_id: Mapped[str] = mapped_column(Text, index=True)
    item: Mapped[str] = mapped_column(Text)
    panel: Mapped[str | None] = mapped_column(Text)
    is_add_on: Mapped[bool] = mapped_column(Boolean, server_default=false())
    ordered_by: Mapped[str] = mapped_column(Text)
    ordered_at: Mapped[datetime] = mapped_column(Moment, server_default=func.clock_timestamp())
    canceled_by: Mapped[str | None] = mapped_column(Text)
    canceled_at: Mapped[datetime | None] = mapped_column(Moment)
    cancel_reason: Mapped[str | None] = mapped_column(Text)
