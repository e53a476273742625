"""cases, claims, reports, history"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "reading_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "reading"
MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("clock_timestamp()")
FALSE = sa.text("false")


def upgrade() -> None:
    op.create_table(
        "case",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("center", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("accession_number", sa.Text, nullable=False),
        sa.Column("patient_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("priority_rank", sa.Integer, nullable=False),
        sa.Column("modality", sa.Text),
        sa.Column("body_part", sa.Text),
        sa.Column("study_uids", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("card", JSONB, nullable=False),
        sa.Column("warnings", JSONB, server_default="[]", nullable=False),
        sa.Column("order_sha256", sa.Text),
        sa.Column("content_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("content_version", sa.Integer, server_default="0", nullable=False),
        sa.Column("expected_count", sa.Integer),
        sa.Column("received_at", MOMENT),
        sa.Column("completed_at", MOMENT),
        sa.Column("settles_at", MOMENT),
        sa.Column("due_at", MOMENT),
        sa.Column("half_way", sa.Boolean, server_default=FALSE, nullable=False),
        sa.Column("overdue", sa.Boolean, server_default=FALSE, nullable=False),
        sa.Column("reading_site_id", sa.Text),
        sa.Column("offered_sites", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("unassigned_reason", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("author_name", sa.Text),
        sa.Column("author_org_id", sa.Text),
        sa.Column("written_by", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("kept_for_id", sa.Text),
        sa.Column("kept_for_name", sa.Text),
        sa.Column("kept_until", MOMENT),
        sa.Column("repeats", sa.Text),
        sa.Column("repeated_by", sa.Text),
        sa.Column("cancel_requested", sa.Boolean, server_default=FALSE, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("signed_at", MOMENT),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_case"),
        schema=SCHEMA,
    )
    op.create_index("ix_case_clinic_patient", "case", ["clinic_id", "patient_id"], schema=SCHEMA)
    op.create_index(
        "ix_case_open_due_at",
        "case",
        ["due_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("state IN ('received', 'queued', 'claimed', 'in_review')"),
    )
    op.create_index(
        "ix_case_queue", "case", ["reading_site_id", "state", "priority_rank", "due_at", "case_id"], schema=SCHEMA
    )
    op.create_index(
        "ix_case_received", "case", ["settles_at"], schema=SCHEMA, postgresql_where=sa.text("state = 'received'")
    )
    op.create_index("ix_case_study_uids", "case", ["study_uids"], schema=SCHEMA, postgresql_using="gin")
    op.create_index(
        "uq_case_clinic_id_accession_number",
        "case",
        ["clinic_id", "accession_number"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state <> 'rejected'"),
    )
    op.create_table(
        "case_content",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("added_version", sa.Integer, nullable=False),
        sa.Column("added_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_case_content_case_id_case"),
        sa.PrimaryKeyConstraint("case_id", "sha256", name="pk_case_content"),
        schema=SCHEMA,
    )
    op.create_index("ix_case_content_clinic_sha256", "case_content", ["clinic_id", "sha256"], schema=SCHEMA)
    op.create_table(
        "case_history",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("case_version", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("event", sa.Text),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("detail", JSONB, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_case_history_case_id_case"),
        sa.PrimaryKeyConstraint("id", name="pk_case_history"),
        schema=SCHEMA,
    )
    op.create_index("ix_case_history_case_id", "case_history", ["case_id", "id"], schema=SCHEMA)
    op.create_table(
        "claim",
        sa.Column("claim_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", sa.Text),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_claim_case_id_case"),
        sa.PrimaryKeyConstraint("claim_id", name="pk_claim"),
        sa.UniqueConstraint("token", name="uq_claim_token"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_claim_account_id", "claim", ["account_id"], schema=SCHEMA, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_claim_case_id", "claim", ["case_id", "claimed_at"], schema=SCHEMA)
    op.create_index(
        "ix_claim_lease", "claim", ["lease_until"], schema=SCHEMA, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "uq_claim_live", "claim", ["case_id"], unique=True, schema=SCHEMA, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "content_seen",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("content_version", sa.Integer, nullable=False),
        sa.Column("seen_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_content_seen_case_id_case"),
        sa.PrimaryKeyConstraint("case_id", "account_id", name="pk_content_seen"),
        schema=SCHEMA,
    )
    op.create_table(
        "idempotency_key",
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body_sha256", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_idempotency_key_case_id_case"),
        sa.PrimaryKeyConstraint("clinic_id", "key", name="pk_idempotency_key"),
        schema=SCHEMA,
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"], schema=SCHEMA)
    op.create_table(
        "report",
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, server_default="0", nullable=False),
        sa.Column("waiting_version", sa.Integer),
        sa.Column("released_version", sa.Integer),
        sa.Column("draft_revision", sa.Integer, server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_report_case_id_case"),
        sa.PrimaryKeyConstraint("report_id", name="pk_report"),
        sa.UniqueConstraint("case_id", name="uq_report_case_id"),
        schema=SCHEMA,
    )
    op.create_table(
        "report_draft",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("form", JSONB, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("claim_id", sa.Text),
        sa.Column("saved_by", sa.Text, nullable=False),
        sa.Column("saved_by_name", sa.Text, nullable=False),
        sa.Column("first_saved_at", MOMENT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_report_draft_case_id_case"),
        sa.ForeignKeyConstraint(["report_id"], ["reading.report.report_id"], name="fk_report_draft_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_report_draft"),
        schema=SCHEMA,
    )
    op.create_index("ix_report_draft_case_id", "report_draft", ["case_id", "id"], schema=SCHEMA)
    op.create_table(
        "report_version",
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("form", JSONB, nullable=False),
        sa.Column("document", JSONB),
        sa.Column("payload_sha256", sa.Text),
        sa.Column("jws", JSONB),
        sa.Column("pdf", JSONB),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author_org_id", sa.Text, nullable=False),
        sa.Column("reviewer_id", sa.Text),
        sa.Column("reviewer_name", sa.Text),
        sa.Column("reviewer_org_id", sa.Text),
        sa.Column("written_by", ARRAY(sa.Text), nullable=False),
        sa.Column("claim_id", sa.Text),
        sa.Column("revises", sa.Integer),
        sa.Column("amends", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("positive", sa.Boolean),
        sa.Column("content_version", sa.Integer, nullable=False),
        sa.Column("case_version", sa.Integer, nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("signed_at", MOMENT),
        sa.Column("turnaround_s", sa.Integer),
        sa.ForeignKeyConstraint(["case_id"], ["reading.case.case_id"], name="fk_report_version_case_id_case"),
        sa.ForeignKeyConstraint(["report_id"], ["reading.report.report_id"], name="fk_report_version_report_id_report"),
        sa.PrimaryKeyConstraint("report_id", "version", name="pk_report_version"),
        schema=SCHEMA,
    )
    op.create_index("ix_report_version_case_id", "report_version", ["case_id", "version"], schema=SCHEMA)
