"""The digests of originals that were sent in another transfer syntax, kept as long as the spool itself."""

from clinic.spool.database import Database


def note(
    database: Database, item_id: str, transfer_syntax: str, original_sha256: str, sent_sha256: str, sent_bytes: int
) -> None:
    """``transfer_syntax``: the original's."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO compressed (item_id, transfer_syntax, original_sha256, sent_sha256, sent_bytes)"
            " VALUES (?, ?, ?, ?, ?)",
            (item_id, transfer_syntax, original_sha256, sent_sha256, sent_bytes),
        )
