"""Instances and recordings that came, and the studies they gather in until they are whole."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clinic.spool.database import Database
from shared.clock import utc_now

RANKS = {"stat": 0, "urgent": 1, "routine": 2}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of itself, as far as matching and packing need it. Empty where it says nothing."""

    study_uid: str = ""
    sop_uid: str = ""
    sop_class_uid: str = ""
    transfer_syntax: str = ""
    modality: str = ""
    accession_number: str = ""
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class NewItem:
    """``digest``: what makes two arrivals the same. ``origin``: its path in a watched folder."""

    item_id: str
    center: str
    group_key: str
    digest: str
    file: str
    name: str
    size_bytes: int
    facts: Facts
    source: str
    priority: str
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    file: str
    name: str
    size_bytes: int
    facts: Facts
    origin: str | None


def known(database: Database, center: str, digest: str) -> bool:
    return database.row("SELECT 1 FROM item WHERE center = ? AND digest = ?", center, digest) is not None


def add(database: Database, items: Sequence[NewItem], *, now: float, quiet_s: float) -> bool:
    """False where one is known already: nothing is written. The study waits ``quiet_s`` for more."""
    with database.transaction() as connection:
        for item in items:
            if connection.execute(
                "SELECT 1 FROM item WHERE center = ? AND digest = ?", (item.center, item.digest)
            ).fetchone():
                return False
        for item in items:
            _insert(connection, item)
            _hold_open(connection, item, now + quiet_s)
    return True


def end_of_association(database: Database, group_keys: Sequence[str], seal_at: float) -> None:
    """The machine has finished: its studies wait no longer than until ``seal_at``."""
    with database.transaction() as connection:
        connection.executemany(
            "UPDATE open_group SET seal_at = min(seal_at, ?) WHERE group_key = ?",
            [(seal_at, key) for key in group_keys],
        )


def of_batch(database: Database, batch_id: str) -> list[Item]:
    rows = database.rows("SELECT * FROM item WHERE batch_id = ? ORDER BY rowid", batch_id)
    return [item_of(row) for row in rows]


def files(database: Database) -> set[str]:
    return {str(row["file"]) for row in database.rows("SELECT file FROM item WHERE is_purged = 0")}


def item_of(row: sqlite3.Row) -> Item:
    facts: dict[str, Any] = json.loads(row["facts"])
    return Item(row["item_id"], row["file"], row["name"], row["size_bytes"], Facts(**facts), row["origin"])


def _insert(connection: sqlite3.Connection, item: NewItem) -> None:
    connection.execute(
        "INSERT INTO item (item_id, center, group_key, digest, file, name, size_bytes, facts, source, origin,"
        " received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            item.item_id, item.center, item.group_key, item.digest, item.file, item.name, item.size_bytes,
            json.dumps(asdict(item.facts)), item.source, item.origin, utc_now().isoformat(),
        ),
    )  # fmt: skip


def _hold_open(connection: sqlite3.Connection, item: NewItem, seal_at: float) -> None:
    row = connection.execute("SELECT priority FROM open_group WHERE group_key = ?", (item.group_key,)).fetchone()
    priority = item.priority if row is None else min(item.priority, str(row["priority"]), key=RANKS.__getitem__)
    connection.execute(
        "INSERT OR REPLACE INTO open_group (group_key, center, priority, seal_at) VALUES (?, ?, ?, ?)",
        (item.group_key, item.center, priority, seal_at),
    )
