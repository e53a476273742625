"""orders and specimens"""

import sqlalchemy as sa
from alembic import op

revision = "lab_0002"
down_revision = "lab_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE lab.specimen_number MAXVALUE 999999 CYCLE")
    op.create_table(
        "lab_order",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("accession_number", sa.Text, nullable=False),
        sa.Column("ordered_by", sa.Text, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("order_id", name="pk_lab_order"),
        sa.UniqueConstraint("clinic_id", "accession_number", name="uq_lab_order_clinic_id_accession_number"),
        schema="lab",
    )
    op.create_table(
        "ordered_item",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("panel", sa.Text),
        sa.Column("is_add_on", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("ordered_by", sa.Text, nullable=False),
        sa.Column(
            "ordered_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("canceled_by", sa.Text),
        sa.Column("canceled_at", sa.DateTime(timezone=True)),
        sa.Column("cancel_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_ordered_item"),
        schema="lab",
    )
    op.create_index("ix_ordered_item_order_id", "ordered_item", ["order_id"], schema="lab")
    op.create_index(
        "uq_ordered_item_live",
        "ordered_item",
        ["case_id", "item"],
        unique=True,
        schema="lab",
        postgresql_where=sa.text("canceled_at IS NULL"),
    )
    op.create_table(
        "specimen",
        sa.Column("specimen_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("tube", sa.Text),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("box", sa.Text),
        sa.Column("place", sa.Text),
        sa.Column("refusal", sa.Text),
        sa.Column("collected_at", sa.DateTime(timezone=True)),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("specimen_id", name="pk_specimen"),
        sa.UniqueConstraint("laboratory_id", "number", name="uq_specimen_laboratory_id_number"),
        schema="lab",
    )
    op.create_index("ix_specimen_case_id", "specimen", ["case_id"], schema="lab")
    op.create_index("ix_specimen_clinic_id", "specimen", ["clinic_id"], schema="lab")
    op.create_index("ix_specimen_order_id", "specimen", ["order_id"], schema="lab")
    op.create_index("ix_specimen_state", "specimen", ["laboratory_id", "state", "specimen_id"], schema="lab")
    op.create_table(
        "specimen_step",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("specimen_id", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "entered_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("place", sa.Text),
        sa.Column("box", sa.Text),
        sa.Column("temperature_c", sa.Double()),
        sa.Column("reason", sa.Text),
        sa.Column("comment", sa.Text),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["lab.specimen.specimen_id"], name="fk_specimen_step_specimen_id_specimen"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_specimen_step"),
        schema="lab",
    )
    op.create_index("ix_specimen_step_specimen_id", "specimen_step", ["specimen_id", "id"], schema="lab")
