"""One watched folder: what is whole goes into the spool, then the original is moved or left.

The spool is durable before the original moves; a crash between the two finds the file again and knows it by its digest.
"""

import hashlib
import logging
import threading
from dataclasses import replace
from pathlib import Path

from clinic.config import Config, Watched
from clinic.dicom.header import center_of, digest_of, group_key_of, is_dicom, read_facts
from clinic.spool.files import chunks_of, sha256_of, sync_folder
from clinic.spool.items import Facts, NewItem
from clinic.spool.spool import Spool, SpoolFull
from clinic.watch.ready import Stability, files_in, mark_of
from clinic.watch.recording import Group, groups_of
from clinic.watch.rejected import DONE, free_name, reject
from shared.errors import UnsupportedKind
from shared.ids import new_id
from shared.telemetry import fields

logger = logging.getLogger(__name__)
_MB = 1_000_000
_DICOMDIR = "DICOMDIR"


class FolderWatch:
    def __init__(self, config: Config, watched: Watched, spool: Spool, stop: threading.Event) -> None:
        self._config = config
        self._watched = watched
        self._spool = spool
        self._stop = stop
        self._stability = Stability(watched.stable_s)

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self.scan()
            except OSError as problem:  # a network drive that is away; it comes back
                logger.warning(
                    "watched folder cannot be read", extra=fields(kind=self._watched.kind, code=str(problem.errno))
                )
            except SpoolFull:
                logger.warning("files left in their folder: the disk is full", extra=fields(kind=self._watched.kind))
            self._stop.wait(self._watched.every_s)

    def scan(self) -> int:
        """How many files were taken. Raises OSError, SpoolFull; what is not taken stays where it is."""
        paths = [path for path in files_in(self._watched.path) if not self._is_seen(path)]
        whole = self._stability.whole(paths)
        groups = groups_of(whole) if self._watched.kind == "ecg" else [Group((path,)) for path in whole]
        return sum(self._handle(group) for group in groups)

    def _handle(self, group: Group) -> int:
        if group.missing:
            if self._stability.age_s(group.files[0]) >= self._watched.pair_wait_s:
                self._reject(group, f"缺少同一记录的文件：{'、'.join(group.missing)}")
            return 0
        sizes = [path.stat().st_size for path in group.files]
        if not all(sizes):
            self._reject(group, "文件是空的")
            return 0
        if max(sizes) > self._watched.max_file_mb * _MB:
            self._reject(group, f"文件超过 {self._watched.max_file_mb} MB")
            return 0
        self._spool.require_room(sum(sizes))
        try:
            self._take(group)
        except UnsupportedKind:
            self._reject(group, "不是 DICOM 文件")
            return 0
        self._finish(group)
        return len(group.files)

    def _take(self, group: Group) -> None:
        recording = hashlib.sha256("".join(sorted(sha256_of(path) for path in group.files)).encode()).hexdigest()
        new = [self._copied(path, recording) for path in group.files if path.name.upper() != _DICOMDIR]
        quiet_s = self._config.sending.quiet_s if self._watched.kind == "dicom" else 0.0
        if new:
            self._spool.take(new, quiet_s=quiet_s)

    def _copied(self, path: Path, recording: str) -> NewItem:
        """In the spool, durable, not yet in its tables. Raises UnsupportedKind, SpoolFull."""
        is_image = self._watched.kind == "dicom"
        if is_image and not is_dicom(path):
            raise UnsupportedKind("不是 DICOM 文件", code="not_dicom")
        item_id = new_id("itm")
        suffix = ".dcm" if is_image else path.suffix.lower()
        written = self._spool.write(f"{item_id}{suffix}", chunks_of(path))
        plain = NewItem(
            item_id=item_id,
            center="ecg",
            group_key=f"ecg/{recording}",
            digest=hashlib.sha256(f"{recording}/{sha256_of(written.path)}".encode()).hexdigest(),
            file=written.path.name,
            name=path.name,
            size_bytes=written.size_bytes,
            facts=Facts(accession_number=path.stem.partition("_")[0]),
            source=self._watched.kind,
            priority=self._watched.priority,
            origin=str(path),
        )
        if not is_image:
            return plain
        try:
            facts, digest = read_facts(written.path), digest_of(written.path)
        except UnsupportedKind:
            written.path.unlink()
            raise
        return replace(
            plain,
            center=center_of(facts),
            group_key=group_key_of(facts, item_id),
            digest=digest,
            name=written.path.name,
            facts=facts,
        )

    def _finish(self, group: Group) -> None:
        for path in group.files:
            if self._watched.originals == "leave":
                self._note_seen(path)
                continue
            target = free_name(self._watched.path / DONE, path.name)
            path.replace(target)
            sync_folder(target.parent)

    def _reject(self, group: Group, reason: str) -> None:
        for path in group.files:
            reject(self._watched.path, path, reason)
        logger.warning("file rejected", extra=fields(kind=self._watched.kind, count=len(group.files)))

    def _is_seen(self, path: Path) -> bool:
        if self._watched.originals == "move":
            return False
        row = self._spool.database.row("SELECT mark FROM seen_file WHERE path = ?", str(path))
        return row is not None and row["mark"] == mark_of(path)

    def _note_seen(self, path: Path) -> None:
        with self._spool.database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO seen_file (path, mark) VALUES (?, ?)", (str(path), mark_of(path) or "")
            )
