"""what was deleted, by whom and why; digests of files that clinics compressed before they sent them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "imaging_0005"
down_revision = "imaging_0004"
branch_labels = None
depends_on = None

SCHEMA = "imaging"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("instance", sa.Column("original_sha256", sa.Text), schema=SCHEMA)
    op.add_column("instance", sa.Column("original_transfer_syntax_uid", sa.Text), schema=SCHEMA)
    op.create_table(
        "deletion",
        sa.Column("deletion_id", sa.Text, primary_key=True),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("study_uid", sa.Text, nullable=False),
        sa.Column("series_uid", sa.Text),
        sa.Column("sop_instance_uid", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("case_ids", ARRAY(sa.Text), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=False, server_default=sa.text("clock_timestamp()")),
        schema=SCHEMA,
    )
    op.create_index("ix_deletion_study_uid", "deletion", ["study_uid"], schema=SCHEMA)
    op.create_table(
        "deleted_instance",
        sa.Column("deletion_id", sa.Text, sa.ForeignKey("imaging.deletion.deletion_id"), primary_key=True),
        sa.Column("instance_id", sa.Text, primary_key=True),
        sa.Column("series_uid", sa.Text, nullable=False),
        sa.Column("sop_instance_uid", sa.Text, nullable=False),
        sa.Column("sop_class_uid", sa.Text, nullable=False),
        sa.Column("file_sha256", sa.Text, nullable=False),
        sa.Column("data_set_sha256", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        schema=SCHEMA,
    )
