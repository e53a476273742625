"""when a sweep last tried a case, so that those nobody can take do not keep it from the others"""

import sqlalchemy as sa
from alembic import op

revision = "reading_0002"
down_revision = "reading_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("tried_at", sa.DateTime(timezone=True)), schema="reading")
