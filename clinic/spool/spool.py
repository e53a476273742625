"""The spool as everybody else sees it: bytes and facts come in together, and what was sent goes out in time."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from clinic.config import Config
from clinic.spool import batches, items
from clinic.spool.database import Database
from clinic.spool.files import Written, free_bytes, remove_parts, write_durably
from clinic.spool.items import NewItem
from shared.clock import utc_now

_MB = 1_000_000


class SpoolFull(Exception):
    """No room: the machine keeps its image and sends it again."""


class Spool:
    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._clock = clock
        self.folder = config.spool.folder
        self.files = self.folder / "files"
        self.packages = self.folder / "packages"
        for folder in (self.folder, self.files, self.packages):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.database = Database(self.folder / "spool.sqlite3")
        self.changed = threading.Condition()

    def recover(self) -> int:
        """Drops what a crash left behind: bytes without a row were never acknowledged. How many files."""
        dropped = remove_parts(self.files) + remove_parts(self.packages)
        named = items.files(self.database)
        waiting = {batch.batch_id for batch in batches.waiting(self.database)}
        orphans = [path for path in self.files.iterdir() if path.name not in named]
        orphans += [path for path in self.packages.iterdir() if path.stem.partition("-")[0] not in waiting]
        for path in orphans:
            path.unlink()
        return dropped + len(orphans)

    def require_room(self, size_bytes: int = 0) -> None:
        """Raises SpoolFull below the reserve that SQLite and the packages need."""
        if free_bytes(self.folder) < self._config.spool.min_free_mb * _MB + size_bytes:
            raise SpoolFull

    def write(self, name: str, chunks: Iterable[bytes | memoryview]) -> Written:
        """Raises SpoolFull."""
        try:
            return write_durably(self.files / name, chunks)
        except OSError as error:
            raise SpoolFull from error

    def take(self, new: Sequence[NewItem], *, quiet_s: float) -> bool:
        """Durable when it returns; False when it was known and its file is dropped again. Raises SpoolFull."""
        try:
            added = items.add(self.database, new, now=self._clock(), quiet_s=quiet_s)
        except sqlite3.OperationalError as error:
            self._drop(new)
            raise SpoolFull from error
        except BaseException:
            self._drop(new)
            raise
        if not added:
            self._drop(new)
        self.wake()
        return added

    def path_of(self, file: str) -> Path:
        return self.files / file

    def wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def now(self) -> float:
        return self._clock()

    def purge(self) -> int:
        """Drops the files of what the region has, once they are old, or at once while the disk is nearly full; the
        rows stay, so that a machine which sends it again is known. How many."""
        oldest = (utc_now() - timedelta(days=self._config.spool.keep_days)).isoformat()
        is_tight = free_bytes(self.folder) < 2 * self._config.spool.min_free_mb * _MB
        rows = self.database.rows(
            "SELECT item_id, file FROM item JOIN batch USING (batch_id)"
            " WHERE batch.state = 'done' AND is_purged = 0 AND (finished_at < ? OR ?)",
            oldest,
            is_tight,
        )
        for row in rows:
            with self.database.transaction() as connection:
                connection.execute("UPDATE item SET is_purged = 1 WHERE item_id = ?", (row["item_id"],))
            self.path_of(row["file"]).unlink(missing_ok=True)
        return len(rows)

    def close(self) -> None:
        self.database.close()

    def _drop(self, new: Sequence[NewItem]) -> None:
        for item in new:
            with contextlib.suppress(OSError):  # recover() drops what cannot be dropped now
                self.path_of(item.file).unlink(missing_ok=True)
