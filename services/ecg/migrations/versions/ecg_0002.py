"""recordings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "ecg_0002"
down_revision = "ecg_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("recording_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True)),
        sa.Column("sampling_rate_hz", sa.Double, nullable=False),
        sa.Column("sample_count", sa.BigInteger, nullable=False),
        sa.Column("leads", ARRAY(sa.Text), nullable=False),
        sa.Column("derived", ARRAY(sa.Text), nullable=False),
        sa.Column("device", JSONB, nullable=False),
        sa.Column("filters", JSONB, nullable=False),
        sa.Column("remarks", ARRAY(sa.Text), nullable=False),
        sa.Column("quality", JSONB, nullable=False),
        sa.Column("cart", JSONB, nullable=False),
        sa.Column("analysis", JSONB, nullable=False),
        sa.Column("analysis_version", sa.Text, nullable=False),
        sa.Column("suggestions", JSONB, nullable=False),
        sa.Column("suspected", JSONB, nullable=False),
        sa.Column("originals", JSONB, nullable=False),
        sa.Column("trace", JSONB, nullable=False),
        sa.Column("blob_keys", ARRAY(sa.Text), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.UniqueConstraint("case_id", "sha256", name="uq_recording_case_id_sha256"),
        schema="ecg",
    )
    op.create_index("ix_recording_blob_keys", "recording", ["blob_keys"], schema="ecg", postgresql_using="gin")
