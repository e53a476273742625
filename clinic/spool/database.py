"""The spool's facts: one SQLite file, one connection, one writer at a time.

WAL with synchronous=FULL: a committed row is on disk. ``commit`` is what lets a machine forget its image.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    item_id     TEXT PRIMARY KEY,
    center      TEXT NOT NULL,
    group_key   TEXT NOT NULL,
    digest      TEXT NOT NULL,      -- of the data set, or of a recording's file among its companions
    file        TEXT NOT NULL,      -- under files/
    name        TEXT NOT NULL,      -- how the region shall call it
    size_bytes  INTEGER NOT NULL,
    facts       TEXT NOT NULL,      -- JSON: what order and package need to know
    source      TEXT NOT NULL,      -- AE title or folder
    origin      TEXT,               -- path in a watched folder
    received_at TEXT NOT NULL,
    batch_id    TEXT REFERENCES batch (batch_id),
    is_purged   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (center, digest)
);
CREATE INDEX IF NOT EXISTS item_batch ON item (batch_id);
CREATE INDEX IF NOT EXISTS item_group ON item (group_key) WHERE batch_id IS NULL;
CREATE TABLE IF NOT EXISTS open_group (
    group_key   TEXT PRIMARY KEY,
    center      TEXT NOT NULL,
    priority    TEXT NOT NULL,
    seal_at     REAL NOT NULL       -- seconds since 1970
);
CREATE TABLE IF NOT EXISTS batch (
    batch_id    TEXT PRIMARY KEY,
    center      TEXT NOT NULL,
    state       TEXT NOT NULL,      -- waiting, done, parked, split
    priority    TEXT NOT NULL,
    order_json  TEXT,               -- fixed before the first byte leaves
    package_sha256 TEXT,
    upload_url  TEXT,
    attempts    INTEGER NOT NULL DEFAULT 0,
    code        TEXT,
    detail      TEXT,
    case_id     TEXT,
    created_at  TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX IF NOT EXISTS batch_state ON batch (state);
CREATE TABLE IF NOT EXISTS compressed (
    item_id         TEXT PRIMARY KEY REFERENCES item (item_id),
    transfer_syntax TEXT NOT NULL,
    original_sha256 TEXT NOT NULL,  -- of the file as the machine sent it
    sent_sha256     TEXT NOT NULL,
    sent_bytes      INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS worklist (
    case_id          TEXT PRIMARY KEY,
    center           TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    entry            TEXT NOT NULL, -- JSON
    is_open          INTEGER NOT NULL,
    seen_at          TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS report (
    report_id   TEXT NOT NULL,
    version     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    file        TEXT,
    print_state TEXT NOT NULL,      -- none, waiting, printing, printed, unknown
    fetched_at  TEXT NOT NULL,
    PRIMARY KEY (report_id, version, kind)
);
CREATE TABLE IF NOT EXISTS seen_file (
    path     TEXT PRIMARY KEY,
    mark     TEXT NOT NULL          -- size and time of change of what was taken
);
CREATE TABLE IF NOT EXISTS fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""


class Database:
    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Durable when it is left. Raises sqlite3.OperationalError where the disk is full."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            try:
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return found

    def fact(self, name: str) -> str | None:
        row = self.row("SELECT value FROM fact WHERE name = ?", name)
        return None if row is None else str(row["value"])

    def put_fact(self, name: str, value: str) -> None:
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (name, value))

    def close(self) -> None:
        with self._lock:
            self._connection.close()
