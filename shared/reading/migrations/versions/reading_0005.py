"""the laboratory's states: where a case waits, its promises, cases without a site"""

import sqlalchemy as sa
from alembic import op

revision = "reading_0005"
down_revision = "reading_0004"
branch_labels = None
depends_on = None

SCHEMA = "reading"


def upgrade() -> None:
    op.add_column("case", sa.Column("waited_in", sa.Text), schema=SCHEMA)
    op.drop_index("ix_case_open_due_at", "case", schema=SCHEMA)
    promised = "state IN ('received', 'queued', 'resulted', 'held', 'claimed', 'in_review', 'verified')"
    op.create_index("ix_case_open_due_at", "case", ["due_at"], schema=SCHEMA, postgresql_where=sa.text(promised))
    op.create_index(
        "ix_case_unassigned",
        "case",
        ["center", "tried_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("reading_site_id IS NULL AND state IN ('ordered', 'received', 'resulted', 'held')"),
    )
