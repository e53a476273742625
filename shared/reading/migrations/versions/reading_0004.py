"""critical results and the steps of their loop"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "reading_0004"
down_revision = "reading_0003"
branch_labels = None
depends_on = None

SCHEMA = "reading"
MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    counters = ("misreads", "unreached", "reminders", "escalations", "rung")
    later = ("verified_at", "notified_at", "acknowledged_at", "acted_at", "closed_at", "patient_recalled_at")
    op.create_table(
        "critical_result",
        sa.Column("critical_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("unit", sa.Text),
        sa.Column("rule", sa.Text),
        sa.Column("rule_set", sa.Text),
        sa.Column("numbers", JSONB, server_default="{}", nullable=False),
        sa.Column("finding_key", sa.Text, nullable=False),
        sa.Column("policy", JSONB, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT) for name in later),
        sa.Column("people", JSONB, server_default="{}", nullable=False),
        sa.Column("read_back", sa.Text),
        sa.Column("telephoned", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("told", sa.Text),
        sa.Column("entered_at", MOMENT),
        sa.Column("acted_text", sa.Text),
        sa.Column("reason", sa.Text),
        *(sa.Column(name, sa.Integer, server_default="0", nullable=False) for name in counters),
        sa.Column("escalated_at", MOMENT),
        sa.Column("addressed_site_id", sa.Text),
        sa.Column("timer_at", MOMENT),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_critical_result_case_id_case"),
        sa.PrimaryKeyConstraint("critical_id", name="pk_critical_result"),
        schema=SCHEMA,
    )
    op.create_index("ix_critical_result_case_id", "critical_result", ["case_id"], schema=SCHEMA)
    op.create_index(
        "ix_critical_result_timer_at",
        "critical_result",
        ["timer_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("timer_at IS NOT NULL"),
    )
    op.create_index(
        "ix_critical_result_open",
        "critical_result",
        ["critical_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("state NOT IN ('closed', 'false_alarm')"),
    )
    op.create_index(
        "uq_critical_result_finding",
        "critical_result",
        ["case_id", "code", "finding_key"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state <> 'false_alarm'"),
    )
    op.create_table(
        "critical_history",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("critical_id", sa.Text, nullable=False),
        sa.Column("critical_version", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("event", sa.Text),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("detail", JSONB, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["critical_id"],
            ["reading.critical_result.critical_id"],
            name="fk_critical_history_critical_id_critical_result",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_critical_history"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_critical_history_version",
        "critical_history",
        ["critical_id", "critical_version"],
        unique=True,
        schema=SCHEMA,
    )
