"""critical results of all centres; their live events"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None

SCHEMA = "gateway"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "critical",
        sa.Column("critical_id", sa.Text, primary_key=True),
        sa.Column("critical_version", sa.Integer, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("reading_site_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("is_told", sa.Boolean, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("notified_at", MOMENT),
        sa.Column("acknowledged_at", MOMENT),
        sa.Column("acted_at", MOMENT),
        sa.Column("acknowledge_by", MOMENT, nullable=False),
        sa.Column("respond_by", MOMENT),
        sa.Column("act_by", MOMENT),
        sa.Column("telephoned", sa.Boolean, nullable=False),
        sa.Column("misreads", sa.Integer, nullable=False),
        sa.Column("unreached", sa.Integer, nullable=False),
        sa.Column("escalations", sa.Integer, nullable=False),
        sa.Column("snapshot", JSONB, nullable=False),
        schema=SCHEMA,
    )
    page = ["found_at", "critical_id"]
    op.create_index("ix_critical_clinic", "critical", ["clinic_id", *page], schema=SCHEMA)
    op.create_index("ix_critical_site", "critical", ["reading_site_id", *page], schema=SCHEMA)
    op.create_index("ix_critical_found_at", "critical", page, schema=SCHEMA)
    op.create_index("ix_critical_case_id", "critical", ["case_id"], schema=SCHEMA)
    op.create_index("ix_critical_open", "critical", ["center"], schema=SCHEMA, postgresql_where=sa.text("is_open"))
    op.create_table(
        "critical_fact",
        sa.Column("critical_id", sa.Text, primary_key=True),
        sa.Column("critical_version", sa.Integer, primary_key=True),
        sa.Column("step", JSONB, nullable=False),
        sa.Column("contact", JSONB),
        schema=SCHEMA,
    )
    op.add_column("live_event", sa.Column("critical_id", sa.Text), schema=SCHEMA)
    op.add_column("live_event", sa.Column("step", sa.Text), schema=SCHEMA)
