"""refused files move to the quarantine that every centre has (reading_0003, which is applied before)"""

from alembic import op

revision = "imaging_0002"
down_revision = "imaging_0001"
branch_labels = None
depends_on = None

MOVE = """
INSERT INTO reading.quarantine
    (id, clinic_id, account_id, code, detail, file_name, size_bytes, sha256, correlation_id, received_at,
     blob_store, blob_key, blob_offset, blob_length)
SELECT id, clinic_id, account_id, code, detail, file_name, size_bytes, sha256, correlation_id, received_at,
     blob_store, blob_key, blob_offset, blob_length
FROM imaging.quarantine
"""


def upgrade() -> None:
    op.execute(MOVE)
    op.drop_table("quarantine", schema="imaging")
