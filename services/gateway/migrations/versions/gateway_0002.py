"""the read side: cases, reports, the feed, live events"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "worklist_case",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("case_version", sa.Integer, nullable=False),
        sa.Column("event_time", MOMENT, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("priority_rank", sa.SmallInteger, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("due_order", MOMENT, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("reading_site_id", sa.Text),
        sa.Column("accession_number", sa.Text, nullable=False),
        sa.Column("modality", sa.Text),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("holder_id", sa.Text),
        sa.Column("holder_stage", sa.Text),
        sa.Column("holder_until", MOMENT),
        sa.Column("author_id", sa.Text),
        sa.Column("kept_for_id", sa.Text),
        sa.Column("kept_until", MOMENT),
        sa.Column("patient_id", sa.Text),
        sa.Column("national_id", sa.Text),
        sa.Column("report_id", sa.Text),
        sa.Column("snapshot", JSONB, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("search_grams", ARRAY(sa.Text), nullable=False),
        schema="gateway",
    )
    queue = ["priority_rank", "due_order", "case_id"]
    op.create_index(
        "ix_worklist_case_open",
        "worklist_case",
        ["reading_site_id", *queue],
        schema="gateway",
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_worklist_case_state", "worklist_case", ["reading_site_id", "state", *queue], schema="gateway")
    op.create_index("ix_worklist_case_clinic", "worklist_case", ["clinic_id", "opened_at", "case_id"], schema="gateway")
    op.create_index(
        "ix_worklist_case_holder",
        "worklist_case",
        ["holder_id"],
        schema="gateway",
        postgresql_where=sa.text("holder_id IS NOT NULL"),
    )
    op.create_index(
        "ix_worklist_case_search_grams", "worklist_case", ["search_grams"], schema="gateway", postgresql_using="gin"
    )
    op.create_table(
        "report",
        sa.Column("report_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("latest_version", sa.Integer),
        sa.Column("voided_version", sa.Integer),
        sa.Column("voided_at", MOMENT),
        sa.Column("void_reason", sa.Text),
        schema="gateway",
    )
    op.create_index("ix_report_case_id", "report", ["case_id"], schema="gateway")
    op.create_table(
        "report_version",
        sa.Column("report_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("accession_number", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("reading_site_id", sa.Text, nullable=False),
        sa.Column("patient_id", sa.Text),
        sa.Column("national_id", sa.Text),
        sa.Column("signed_at", MOMENT, nullable=False),
        sa.Column("turnaround_s", sa.Integer),
        sa.Column("is_development", sa.Boolean, nullable=False),
        sa.Column("payload_sha256", sa.Text, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("signers", JSONB, nullable=False),
        sa.Column("jws", JSONB, nullable=False),
        sa.Column("pdf", JSONB),
        sa.Column("recorded_at", MOMENT, nullable=False, server_default=NOW),
        schema="gateway",
    )
    op.create_index("ix_report_version_patient", "report_version", ["clinic_id", "patient_id"], schema="gateway")
    op.create_index(
        "ix_report_version_national_id",
        "report_version",
        ["national_id"],
        schema="gateway",
        postgresql_where=sa.text("national_id IS NOT NULL"),
    )
    op.create_table(
        "report_fact",
        sa.Column("report_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        schema="gateway",
    )
    op.create_table(
        "report_refusal",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
        sa.Column("first_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("last_at", MOMENT, nullable=False, server_default=NOW),
        schema="gateway",
    )
    _feed()


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("epoch", sa.Text, nullable=False, server_default=sa.text("left(md5(gen_random_uuid()::text), 8)")),
        schema="gateway",
    )
    op.execute("INSERT INTO gateway.feed (name) VALUES ('reports'), ('live')")
    op.create_table(
        "feed_entry",
        sa.Column("feed_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("org_ids", ARRAY(sa.Text), nullable=False),
        sa.Column("item", JSONB, nullable=False),
        schema="gateway",
    )
    op.create_table(
        "feed_visibility",
        sa.Column("org_id", sa.Text, primary_key=True),
        sa.Column("feed_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("patient_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        schema="gateway",
    )
    for name, column in (("patient", "patient_id"), ("clinic", "clinic_id"), ("center", "center"), ("kind", "kind")):
        op.create_index(
            f"ix_feed_visibility_{name}", "feed_visibility", ["org_id", column, "feed_seq"], schema="gateway"
        )
    op.create_table(
        "live_event",
        sa.Column("live_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        schema="gateway",
    )
    op.create_index("ix_live_event_at", "live_event", ["at"], schema="gateway")
