"""the patient's national number as a column: earlier cases of one person are asked for with every look"""

import sqlalchemy as sa
from alembic import op

revision = "reading_0006"
down_revision = "reading_0005"
branch_labels = None
depends_on = None

SCHEMA = "reading"


def upgrade() -> None:
    op.add_column("case", sa.Column("national_id", sa.Text), schema=SCHEMA)
    # Cases from before: by the number's shape; from now on the check character counts too.
    op.execute(
        """UPDATE reading."case" SET national_id = card -> 'patient' ->> 'national_id'
           WHERE card -> 'patient' ->> 'national_id' ~ '^[1-9][0-9]{16}[0-9X]$'"""
    )
    op.create_index(
        "ix_case_national_id",
        "case",
        ["national_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("national_id IS NOT NULL"),
    )
