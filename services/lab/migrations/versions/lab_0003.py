"""messages, what of them waits, and results"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "lab_0003"
down_revision = "lab_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("control_id", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("charset", sa.Text, nullable=False),
        sa.Column("remarks", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("file_sha256", sa.Text),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("address", sa.Text, server_default="", nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("error_detail", sa.Text),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("message_id", name="pk_message"),
        sa.UniqueConstraint("laboratory_id", "sender", "identity", name="uq_message_laboratory_id_sender_identity"),
        schema="lab",
    )
    op.create_index(
        "ix_message_case_id", "message", ["case_id"], schema="lab", postgresql_where=sa.text("case_id IS NOT NULL")
    )
    op.create_index(
        "ix_message_file_sha256",
        "message",
        ["file_sha256"],
        schema="lab",
        postgresql_where=sa.text("file_sha256 IS NOT NULL"),
    )
    op.create_index(
        "ix_message_received", "message", ["sequence"], schema="lab", postgresql_where=sa.text("state = 'received'")
    )
    op.create_index("ix_message_sequence", "message", ["sequence"], unique=True, schema="lab")
    op.create_table(
        "orphan",
        sa.Column("orphan_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("group_number", sa.Integer, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("specimen_number", sa.Text, nullable=False),
        sa.Column("accession_number", sa.Text, nullable=False),
        sa.Column("patient", JSONB, nullable=False),
        sa.Column("lines", JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("specimen_id", sa.Text),
        sa.Column("settled_by", sa.Text),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("comment", sa.Text),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["message_id"], ["lab.message.message_id"], name="fk_orphan_message_id_message"),
        sa.PrimaryKeyConstraint("orphan_id", name="pk_orphan"),
        sa.UniqueConstraint("message_id", "group_number", name="uq_orphan_message_id_group_number"),
        schema="lab",
    )
    op.create_index(
        "ix_orphan_open",
        "orphan",
        ["laboratory_id", "orphan_id"],
        schema="lab",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "unmapped",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("group_number", sa.Integer, nullable=False),
        sa.Column("line_number", sa.Integer, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("analyzer", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["message_id"], ["lab.message.message_id"], name="fk_unmapped_message_id_message"),
        sa.PrimaryKeyConstraint("id", name="pk_unmapped"),
        sa.UniqueConstraint(
            "message_id", "group_number", "line_number", name="uq_unmapped_message_id_group_number_line_number"
        ),
        schema="lab",
    )
    op.create_index(
        "ix_unmapped_open",
        "unmapped",
        ["laboratory_id", "id"],
        schema="lab",
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "analyzer_code",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("analyzer", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("item", sa.Text),
        sa.Column("unit", sa.Text, server_default="", nullable=False),
        sa.Column("sent_unit", sa.Text, server_default="", nullable=False),
        sa.Column("mapped_by", sa.Text, nullable=False),
        sa.Column("mapped_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_analyzer_code"),
        sa.UniqueConstraint(
            "laboratory_id", "analyzer", "code", "system", name="uq_analyzer_code_laboratory_id_analyzer_code_system"
        ),
        schema="lab",
    )
    op.create_table(
        "specimen_word",
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("mapped_by", sa.Text, nullable=False),
        sa.Column("mapped_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("laboratory_id", "word", name="pk_specimen_word"),
        schema="lab",
    )
    op.create_table(
        "sender_setting",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("charset", sa.Text, nullable=False),
        sa.Column("analyzer", sa.Text, server_default="", nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sender_setting"),
        sa.UniqueConstraint(
            "laboratory_id", "sender", "address", name="uq_sender_setting_laboratory_id_sender_address"
        ),
        schema="lab",
    )
    op.create_table(
        "result",
        sa.Column("result_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("specimen_id", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name_sent", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("unit_sent", sa.Text, nullable=False),
        sa.Column("number", sa.Numeric),
        sa.Column("comparator", sa.Text, server_default="", nullable=False),
        sa.Column("unit", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("flags", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("comments", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("dilution", sa.Text, server_default="", nullable=False),
        sa.Column("analyzer", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.Column("is_held", sa.Boolean, nullable=False),
        sa.Column("superseded_by", sa.Text),
        sa.Column("doubts", JSONB, server_default="[]", nullable=False),
        sa.Column("judgement", JSONB, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("group_number", sa.Integer, nullable=False),
        sa.Column("line_number", sa.Integer, nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["message_id"], ["lab.message.message_id"], name="fk_result_message_id_message"),
        sa.ForeignKeyConstraint(["specimen_id"], ["lab.specimen.specimen_id"], name="fk_result_specimen_id_specimen"),
        sa.PrimaryKeyConstraint("result_id", name="pk_result"),
        sa.UniqueConstraint(
            "message_id", "group_number", "line_number", name="uq_result_message_id_group_number_line_number"
        ),
        schema="lab",
    )
    op.create_index("ix_result_case_id", "result", ["case_id", "item", "run"], schema="lab")
    op.create_index(
        "ix_result_of",
        "result",
        ["laboratory_id", "analyzer", "item"],
        schema="lab",
        postgresql_where=sa.text("is_current"),
    )
    op.create_index("ix_result_specimen_id", "result", ["specimen_id"], schema="lab")
    op.create_index(
        "uq_result_current",
        "result",
        ["case_id", "item"],
        unique=True,
        schema="lab",
        postgresql_where=sa.text("is_current"),
    )
