"""The whole program: one spool, a thread for each loop, one orderly end."""

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from clinic.config import Config
from clinic.dicom.server import DicomServer
from clinic.orders import OrderRefresh
from clinic.region.client import RegionClient
from clinic.reports import ReportFolder
from clinic.sending.sender import Sender
from clinic.spool.spool import Spool
from clinic.status.server import StatusServer
from clinic.status.snapshot import snapshot
from clinic.watch.folder import FolderWatch
from shared.errors import Conflict
from shared.telemetry import fields

if os.name != "nt":
    import fcntl

logger = logging.getLogger(__name__)
_PURGE_EVERY_S = 300.0
_JOIN_S = 30.0
_FULL_DISK_S = 5.0


class Program:
    """``failed`` is set when a loop ended by a fault of ours: the process must end, so that it is started again."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop = threading.Event()
        self.failed = threading.Event()
        self.ended = threading.Event()
        with contextlib.ExitStack() as opened:
            self.client = RegionClient(config.region)
            opened.callback(self.client.close)
            config.spool.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened.enter_context(hold_alone(config.spool.folder))
            self.spool = Spool(config)
            opened.callback(self.spool.close)
            self.sender = Sender(config, self.spool, self.client, self._stop)
            self.status = StatusServer(
                config.status, lambda: snapshot(config, self.spool, self.client, lambda: self.sender.under_way)
            )
            opened.callback(self.status.stop)
            self.dicom = DicomServer(config, self.spool) if config.dicom.enabled else None
            self._threads = self._loops(config)
            self._opened = opened.pop_all()

    def _loops(self, config: Config) -> list[threading.Thread]:
        database = self.spool.database
        threads = [
            self._thread("send", self.sender.run),
            self._thread("purge", self._purge),
            self._thread("orders", OrderRefresh(config, database, self.client, self._stop).run),
        ]
        for number, watched in enumerate(config.folders):
            watched.path.mkdir(parents=True, exist_ok=True)
            threads.append(self._thread(f"folder-{number}", FolderWatch(config, watched, self.spool, self._stop).run))
        if config.reports.folder is not None:
            threads.append(self._thread("reports", ReportFolder(config, database, self.client, self._stop).run))
        return threads

    def start(self) -> None:
        dropped = self.spool.recover()
        if dropped:
            logger.info("unfinished files dropped", extra=fields(count=dropped))
        self.status.start()
        for thread in self._threads:
            thread.start()
        if self.dicom is not None:
            self.dicom.start()

    def request_stop(self) -> None:
        """Safe to call from a signal handler."""
        self._stop.set()
        self.ended.set()

    def stop(self) -> None:
        """Machines first: what they have been told is durable. The upload under way is resumed at the next start."""
        self.request_stop()
        if self.dicom is not None:
            self.dicom.stop()
        self.spool.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_JOIN_S)
        self._opened.close()

    def _thread(self, name: str, run: Callable[[], object]) -> threading.Thread:
        def guarded() -> None:
            try:
                while not self._stop.is_set():
                    self._run_once(name, run)
            except Exception:
                logger.exception("a loop ended by a fault", extra=fields(loop=name))
                self.failed.set()
                self.request_stop()

        return threading.Thread(target=guarded, name=name, daemon=True)

    def _run_once(self, name: str, run: Callable[[], object]) -> None:
        """A disk that is full for a while must not end the program: machines are told of it, and it comes back."""
        try:
            run()
        except sqlite3.OperationalError:
            logger.exception("the spool cannot be written", extra=fields(loop=name))
            self._stop.wait(_FULL_DISK_S)

    def _purge(self) -> None:
        while not self._stop.is_set():
            count = self.spool.purge()
            if count:
                logger.info("sent files dropped", extra=fields(count=count))
            self._stop.wait(_PURGE_EVERY_S)


def hold_alone(folder: Path) -> IO[bytes]:
    """The lock of a spool, held while the file is open. Raises Conflict where another program has it: two would send
    everything twice."""
    file = (folder / "lock").open("wb")
    if os.name != "nt":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with contextlib.closing(file):
                raise Conflict("前置机已在运行", code="clinic_runs_already") from None
    return file
