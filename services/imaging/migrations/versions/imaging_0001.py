"""study, series, instance, quarantine"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "imaging_0001"
down_revision = None
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("study_uid", sa.Text, nullable=False),
        sa.Column("patient_id", sa.Text, nullable=False),
        sa.Column("patient_name", sa.Text, nullable=False),
        sa.Column("patient_sex", sa.Text, nullable=False),
        sa.Column("patient_birth_date", sa.Date),
        sa.Column("study_date", sa.Date),
        sa.Column("study_time", sa.Time),
        sa.Column("study_id", sa.Text, nullable=False),
        sa.Column("accession_number", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("referring_physician", sa.Text, nullable=False),
        sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.UniqueConstraint("clinic_id", "study_uid", name="uq_study_clinic_id_study_uid"),
        schema="imaging",
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("study_pk", sa.BigInteger, sa.ForeignKey("imaging.study.id"), nullable=False),
        sa.Column("series_uid", sa.Text, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("body_part", sa.Text, nullable=False),
        sa.Column("laterality", sa.Text, nullable=False),
        sa.Column("station", sa.Text, nullable=False),
        sa.UniqueConstraint("study_pk", "series_uid", name="uq_series_study_pk_series_uid"),
        schema="imaging",
    )
    op.create_table(
        "instance",
        sa.Column("instance_id", sa.Text, primary_key=True),
        sa.Column("series_pk", sa.BigInteger, sa.ForeignKey("imaging.series.id"), nullable=False),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("sop_instance_uid", sa.Text, nullable=False),
        sa.Column("sop_class_uid", sa.Text, nullable=False),
        sa.Column("transfer_syntax_uid", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("rows", sa.BigInteger),
        sa.Column("columns", sa.BigInteger),
        sa.Column("number_of_frames", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("file_sha256", sa.Text, nullable=False),
        sa.Column("data_set_sha256", sa.Text, nullable=False),
        sa.Column("data_set_offset", sa.BigInteger, nullable=False),
        sa.Column("charset_assumed", sa.Text),
        sa.Column("remarks", ARRAY(sa.Text), nullable=False),
        sa.Column("header", JSONB, nullable=False),
        sa.Column("bulk", JSONB, nullable=False),
        sa.Column("pixels", JSONB),
        sa.Column("blob_store", sa.Text, nullable=False),
        sa.Column("blob_key", sa.Text, nullable=False),
        sa.Column("blob_offset", sa.BigInteger, nullable=False),
        sa.Column("blob_length", sa.BigInteger, nullable=False),
        sa.Column("blob_sha256", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.UniqueConstraint("clinic_id", "sop_instance_uid", name="uq_instance_clinic_id_sop_instance_uid"),
        schema="imaging",
    )
    op.create_index("ix_instance_series_pk", "instance", ["series_pk"], schema="imaging")
    op.create_index("ix_instance_blob_key", "instance", ["blob_key"], schema="imaging")
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("clinic_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("blob_store", sa.Text),
        sa.Column("blob_key", sa.Text),
        sa.Column("blob_offset", sa.BigInteger),
        sa.Column("blob_length", sa.BigInteger),
        schema="imaging",
    )
    op.create_index("ix_quarantine_received_at", "quarantine", ["received_at"], schema="imaging")
    op.create_index("ix_quarantine_blob_key", "quarantine", ["blob_key"], schema="imaging")
