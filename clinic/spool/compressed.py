"""The digests of originals that were sent in another transfer syntax, kept as long as the spool itself."""

from dataclasses import dataclass

from clinic.spool.database import Database


@dataclass(frozen=True, slots=True)
class Original:
    """The file ``sent_sha256`` was made of the file ``sha256``, whose transfer syntax this is."""

    sop_instance_uid: str
    sent_sha256: str
    sha256: str
    transfer_syntax_uid: str


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


def of_batch(database: Database, batch_id: str) -> tuple[Original, ...]:
    rows = database.rows(
        "SELECT json_extract(facts, '$.sop_uid') AS sop_uid, sent_sha256, original_sha256, transfer_syntax"
        " FROM compressed JOIN item USING (item_id) WHERE batch_id = ? ORDER BY item_id",
        batch_id,
    )
    return tuple(
        Original(row["sop_uid"], row["sent_sha256"], row["original_sha256"], row["transfer_syntax"]) for row in rows
    )
