"""the beginning of the history: the schema alone"""

revision = "lab_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """shared.migrate made the schema; tables come with the parsers."""
