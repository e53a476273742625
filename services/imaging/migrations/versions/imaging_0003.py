"""studies are searched: by name, patient, accession number, newest first; who was shown which series"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from services.imaging.parse.name_search import name_search

revision = "imaging_0003"
down_revision = "imaging_0002"
branch_labels = None
depends_on = None

SCHEMA = "imaging"
NEWEST = [sa.text("study_date DESC NULLS LAST"), sa.text("study_time DESC NULLS LAST"), sa.text("id DESC")]
STUDY = sa.table(
    "study",
    sa.column("id", sa.BigInteger),
    sa.column("patient_name", sa.Text),
    sa.column("name_key", sa.Text),
    sa.column("name_sounds", sa.Text),
    sa.column("name_terms", ARRAY(sa.Text)),
    schema=SCHEMA,
)


def upgrade() -> None:
    op.add_column("study", sa.Column("name_key", sa.Text, nullable=False, server_default=""), schema=SCHEMA)
    op.add_column("study", sa.Column("name_sounds", sa.Text, nullable=False, server_default=""), schema=SCHEMA)
    op.add_column("study", sa.Column("name_terms", ARRAY(sa.Text), nullable=False, server_default="{}"), schema=SCHEMA)
    _name_known_studies()
    op.create_index("ix_study_study_uid", "study", ["study_uid"], schema=SCHEMA)
    op.create_index("ix_study_newest", "study", NEWEST, schema=SCHEMA)
    op.create_index("ix_study_patient_id", "study", ["patient_id"], schema=SCHEMA)
    op.create_index("ix_study_accession_number", "study", ["accession_number"], schema=SCHEMA)
    op.create_index("ix_study_name_terms", "study", ["name_terms"], schema=SCHEMA, postgresql_using="gin")
    op.create_table(
        "series_shown",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("series_pk", sa.BigInteger, sa.ForeignKey("imaging.series.id"), primary_key=True),
        sa.Column("content_version", sa.Integer, nullable=False),
        schema=SCHEMA,
    )


def _name_known_studies() -> None:
    connection = op.get_bind()
    for study_id, patient_name in connection.execute(sa.select(STUDY.c.id, STUDY.c.patient_name)).all():
        name = name_search(patient_name)
        values = {"name_key": name.key, "name_sounds": name.sounds, "name_terms": name.terms}
        connection.execute(sa.update(STUDY).where(STUDY.c.id == study_id).values(**values))
