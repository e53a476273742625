"""what orders say in place of files; resumable uploads"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "imaging_0004"
down_revision = "imaging_0003"
branch_labels = None
depends_on = None

SCHEMA = "imaging"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("instance", sa.Column("coercion", JSONB), schema=SCHEMA)
    op.create_table(
        "upload",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("length_bytes", sa.BigInteger, nullable=False),
        sa.Column("offset_bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("metadata_text", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("order_json", sa.Text),
        sa.Column("case_group", sa.Text),
        sa.Column("group_size", sa.Integer),
        sa.Column("writer", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("complete_at", MOMENT),
        sa.Column("answer_status", sa.Integer),
        sa.Column("answer", JSONB),
        sa.CheckConstraint("offset_bytes BETWEEN 0 AND length_bytes", name="ck_upload_offset_within"),
        schema=SCHEMA,
    )
    op.create_index("ix_upload_clinic_group", "upload", ["clinic_id", "case_group"], schema=SCHEMA)
    op.create_index("ix_upload_expires_at", "upload", ["expires_at"], schema=SCHEMA)
