"""standing authorisations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "lab_0005"
down_revision = "lab_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authorisation",
        sa.Column("authorisation_id", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("rule_set", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("items", JSONB, nullable=False),
        sa.Column("panels", JSONB, server_default="[]", nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_by_name", sa.Text, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_by_name", sa.Text),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_by", sa.Text),
        sa.Column("revoked_by_name", sa.Text),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_why", sa.Text),
        sa.PrimaryKeyConstraint("authorisation_id", name="pk_authorisation"),
        schema="lab",
    )
    op.create_index(
        "ix_authorisation_laboratory_id", "authorisation", ["laboratory_id", "authorisation_id"], schema="lab"
    )
    for column in ("authorized_by", "authorized_by_name", "authorized_at"):
        op.drop_column("policy", column, schema="lab")
    op.add_column("policy", sa.Column("set_by", sa.Text), schema="lab")
    op.add_column("policy", sa.Column("set_at", sa.DateTime(timezone=True)), schema="lab")
