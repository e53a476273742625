"""refused files, which each centre keeps"""

import sqlalchemy as sa
from alembic import op

revision = "reading_0003"
down_revision = "reading_0002"
branch_labels = None
depends_on = None

SCHEMA = "reading"
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    texts = ("clinic_id", "account_id", "code", "detail", "file_name")
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("blob_store", sa.Text),
        sa.Column("blob_key", sa.Text),
        sa.Column("blob_offset", sa.BigInteger),
        sa.Column("blob_length", sa.BigInteger),
        schema=SCHEMA,
    )
    op.create_index("ix_quarantine_received_at", "quarantine", ["received_at"], schema=SCHEMA)
    op.create_index("ix_quarantine_blob_key", "quarantine", ["blob_key"], schema=SCHEMA)
