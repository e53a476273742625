"""outbox, inbox, audit, directory"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        schema="core",
    )
    op.create_index("ix_outbox_unsent", "outbox", ["id"], schema="core", postgresql_where=sa.text("sent_at IS NULL"))
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        schema="core",
    )
    op.create_index("ix_inbox_handled_at", "inbox", ["handled_at"], schema="core")
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("record_kind", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("correlation_id", sa.Text, nullable=False, server_default=""),
        sa.Column("detail", JSONB, nullable=False, server_default="{}"),
        sa.Column("seal_id", sa.BigInteger),
        schema="core",
    )
    op.create_index(
        "ix_audit_entry_unsealed", "audit_entry", ["id"], schema="core", postgresql_where=sa.text("seal_id IS NULL")
    )
    op.create_index("ix_audit_entry_record", "audit_entry", ["record_kind", "record_id"], schema="core")
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], schema="core")
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("entry_ids", JSONB, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        schema="core",
    )
    op.create_table(
        "directory_record",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("record", JSONB),
        schema="core",
    )
    op.create_table(
        "directory_position",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("stream_sequence", sa.BigInteger, nullable=False),
        schema="core",
    )
