"""Uploads: what goes to the region in one piece, and what became of it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from clinic.spool.database import Database
from clinic.spool.items import RANKS, Item, item_of, of_batch
from shared.clock import utc_now
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Batch:
    """``order_json``, ``package_sha256``, ``upload_url`` are None until its first attempt came so far."""

    batch_id: str
    center: str
    priority: str
    order_json: str | None
    package_sha256: str | None
    upload_url: str | None
    attempts: int


def seal_due(database: Database, *, now: float, longest_s: float, most_bytes: int) -> int:
    """Makes uploads of the studies that are whole; how many.

    A ``seal_at`` further away than any waiting time was written by a clock that has since been set back.
    """
    count = 0
    with database.transaction() as connection:
        due = connection.execute(
            "SELECT * FROM open_group WHERE seal_at <= ? OR seal_at > ?", (now, now + longest_s)
        ).fetchall()
        for group in due:
            rows = connection.execute(
                "SELECT * FROM item WHERE group_key = ? AND batch_id IS NULL ORDER BY rowid", (group["group_key"],)
            ).fetchall()
            for part in _parts([item_of(row) for row in rows], most_bytes):
                _insert(connection, group["center"], group["priority"], None, part)
                count += 1
            connection.execute("DELETE FROM open_group WHERE group_key = ?", (group["group_key"],))
    return count


def next_seal_at(database: Database) -> float | None:
    row = database.row("SELECT min(seal_at) AS at FROM open_group")
    return None if row is None or row["at"] is None else float(row["at"])


def waiting(database: Database) -> list[Batch]:
    """By priority, then age."""
    rows = database.rows("SELECT * FROM batch WHERE state = 'waiting' ORDER BY created_at, batch_id")
    return sorted((_batch(row) for row in rows), key=lambda batch: RANKS[batch.priority])


def fix_order(database: Database, batch_id: str, order_json: str, priority: str) -> None:
    """Before the first byte leaves: what is sent again must be the same."""
    with database.transaction() as connection:
        connection.execute(
            "UPDATE batch SET order_json = ?, priority = ? WHERE batch_id = ?", (order_json, priority, batch_id)
        )


def set_package(database: Database, batch_id: str, sha256: str) -> None:
    """An upload of another package cannot be resumed."""
    with database.transaction() as connection:
        connection.execute(
            "UPDATE batch SET package_sha256 = ?, upload_url = NULL WHERE batch_id = ?", (sha256, batch_id)
        )


def set_upload_url(database: Database, batch_id: str, url: str | None) -> None:
    with database.transaction() as connection:
        connection.execute("UPDATE batch SET upload_url = ? WHERE batch_id = ?", (url, batch_id))


def failed(database: Database, batch_id: str, code: str, detail: str) -> None:
    with database.transaction() as connection:
        connection.execute(
            "UPDATE batch SET attempts = attempts + 1, code = ?, detail = ? WHERE batch_id = ?",
            (code, detail, batch_id),
        )


def done(database: Database, batch_id: str, case_id: str) -> None:
    with database.transaction() as connection:
        connection.execute(
            "UPDATE batch SET state = 'done', case_id = ?, code = NULL, detail = NULL, finished_at = ?"
            " WHERE batch_id = ?",
            (case_id, utc_now().isoformat(), batch_id),
        )


def park(database: Database, batch_id: str, code: str, detail: str) -> None:
    """A person has to look: it is not sent again until told."""
    with database.transaction() as connection:
        connection.execute(
            "UPDATE batch SET state = 'parked', attempts = attempts + 1, code = ?, detail = ?, finished_at = ?"
            " WHERE batch_id = ?",
            (code, detail, utc_now().isoformat(), batch_id),
        )


def unpark(database: Database, batch_id: str | None) -> int:
    """One, or all, sent again with an order made anew; how many."""
    with database.transaction() as connection:
        changed = connection.execute(
            "UPDATE batch SET state = 'waiting', order_json = NULL, upload_url = NULL, finished_at = NULL"
            " WHERE state = 'parked' AND (batch_id = ? OR ? IS NULL)",
            (batch_id, batch_id),
        )
        return changed.rowcount


def split(database: Database, batch: Batch) -> bool:
    """In two halves with the same order, so that one file that is refused keeps no other; False for a single one."""
    items = of_batch(database, batch.batch_id)
    if len(items) < 2:
        return False
    middle = len(items) // 2
    with database.transaction() as connection:
        for half in (items[:middle], items[middle:]):
            _insert(connection, batch.center, batch.priority, batch.order_json, half)
        connection.execute("UPDATE batch SET state = 'split' WHERE batch_id = ?", (batch.batch_id,))
    return True


def _parts(items: Sequence[Item], most_bytes: int) -> list[list[Item]]:
    parts: list[list[Item]] = []
    size_bytes = 0
    for item in items:
        if not parts or size_bytes + item.size_bytes > most_bytes:
            parts.append([])
            size_bytes = 0
        parts[-1].append(item)
        size_bytes += item.size_bytes
    return parts


def _insert(
    connection: sqlite3.Connection, center: str, priority: str, order_json: str | None, items: Sequence[Item]
) -> None:
    batch_id = new_id("up")
    connection.execute(
        "INSERT INTO batch (batch_id, center, state, priority, order_json, created_at)"
        " VALUES (?, ?, 'waiting', ?, ?, ?)",
        (batch_id, center, priority, order_json, utc_now().isoformat()),
    )
    connection.executemany(
        "UPDATE item SET batch_id = ? WHERE item_id = ?", [(batch_id, item.item_id) for item in items]
    )


def _batch(row: sqlite3.Row) -> Batch:
    return Batch(
        row["batch_id"], row["center"], row["priority"], row["order_json"], row["package_sha256"], row["upload_url"],
        row["attempts"],
    )  # fmt: skip
