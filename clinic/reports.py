"""Signed reports, fetched into a folder and printed if asked: each version once."""

import logging
import re
import subprocess
import threading
from pathlib import Path
from typing import Any

from clinic.config import Config
from clinic.region.client import RegionClient
from clinic.region.outcomes import LoginRefused, Refused, RegionAway, raise_for
from clinic.sending.schedule import Backoff
from clinic.spool import reports
from clinic.spool.database import Database
from clinic.spool.files import write_durably
from clinic.spool.reports import Waiting
from shared.telemetry import fields

logger = logging.getLogger(__name__)
_FILES = frozenset({"signed", "amended"})
_PRINT_S = 120.0
_FEED = "feed"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class ReportFolder:
    def __init__(self, config: Config, database: Database, client: RegionClient, stop: threading.Event) -> None:
        if config.reports.folder is None:
            raise ValueError("no folder for reports")
        self._config = config.reports
        self._folder = config.reports.folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._database = database
        self._client = client
        self._stop = stop
        self._rest = Backoff(config.sending.retry_first_s, config.sending.retry_most_s)
        reports.doubt_interrupted(database)

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step(self._config.wait_s)
                self._rest.worked(_FEED)
            except (RegionAway, Refused, OSError) as problem:
                most_s = 3600.0 if isinstance(problem, LoginRefused) else None
                delay_s = self._rest.failed(_FEED, most_s)
                logger.info("reports not fetched", extra=fields(code=_code(problem), delay_s=round(delay_s, 1)))
                self._stop.wait(delay_s)

    def step(self, wait_s: float = 0.0) -> int:
        """Fetches one page and prints what waits; how many lines were new. Raises RegionAway, Refused, OSError."""
        self.print_waiting()
        after = reports.cursor(self._database)
        query = {"wait": str(wait_s), **({"after": after} if after else {})}
        try:
            page = self._client.ask("GET", "/v1/reports", params=query, wait_s=wait_s)
        except Refused as problem:
            if after is None or not any("after" in pointer for pointer in problem.pointers):
                raise
            # The region was restored from a backup: from the start; what is here already is known and not fetched.
            reports.keep_cursor(self._database, "")
            return 0
        try:
            lines, cursor = page["reports"], str(page["next_cursor"])
            new = sum(self._take(line) for line in lines)
        except (KeyError, TypeError):
            raise RegionAway("not_the_region") from None
        reports.keep_cursor(self._database, cursor)
        self.print_waiting()
        return new

    def _take(self, line: dict[str, Any]) -> bool:
        report_id, version, kind = str(line["report_id"]), int(line["version"]), str(line["kind"])
        if reports.is_known(self._database, report_id, version, kind):
            return False
        name = file_name(line)
        file: str | None = None
        if kind in _FILES:
            file = name if self._fetch(report_id, version, self._folder / name) else None
        elif kind == "voided":
            file = name.removesuffix(".pdf") + "-作废.txt"
            text = f"报告 {report_id} 第 {version} 版已作废。\r\n原因：{line.get('reason') or '未说明'}\r\n"
            write_durably(self._folder / file, ["\ufeff".encode() + text.encode()])
        to_print = file is not None and kind in _FILES and bool(self._config.print_command)
        reports.note(self._database, report_id, version, kind, file, to_print=to_print)
        logger.info("report fetched", extra=fields(report_id=report_id, version=version, kind=kind))
        return True

    def _fetch(self, report_id: str, version: int, target: Path) -> bool:
        """False for a report without a PDF."""
        response = self._client.send("GET", f"/v1/reports/{report_id}.pdf", params={"version": str(version)})
        try:
            raise_for(response)
        except Refused as problem:
            if problem.status == 404:
                return False
            raise
        if not response.content.startswith(b"%PDF"):
            raise RegionAway("not_the_region")
        write_durably(target, [response.content])
        return True

    def print_waiting(self) -> None:
        """Said to be at the printer before it is: after a crash in between a person looks, and nothing prints twice."""
        for report in reports.waiting(self._database):
            if self._stop.is_set():
                return
            reports.set_print_state(self._database, report, "printing")
            is_printed = self._print(report)
            reports.set_print_state(self._database, report, "printed" if is_printed else "waiting")
            if not is_printed:
                return

    def _print(self, report: Waiting) -> bool:
        path = str(self._folder / report.file)
        command = [word.replace("{file}", path) for word in self._config.print_command]
        if not any("{file}" in word for word in self._config.print_command):
            command.append(path)
        try:
            ended = subprocess.run(command, check=False, timeout=_PRINT_S, capture_output=True)
        except (OSError, subprocess.TimeoutExpired) as problem:
            logger.warning("printing failed", extra=fields(report_id=report.report_id, code=type(problem).__name__))
            return False
        if ended.returncode != 0:
            logger.warning("printing failed", extra=fields(report_id=report.report_id, code=str(ended.returncode)))
        return ended.returncode == 0


def file_name(line: dict[str, Any]) -> str:
    """Day, number, report and version; no patient's name, id or birthday."""
    day = str(line.get("signed_at") or line.get("voided_at") or "")[:10].replace("-", "") or "00000000"
    number = _UNSAFE.sub("-", str(line.get("accession_number") or ""))[:40].strip("-")
    report_id = _UNSAFE.sub("-", str(line["report_id"]))
    return "_".join(part for part in (day, number, report_id, f"v{int(line['version'])}") if part) + ".pdf"


def _code(problem: Exception) -> str:
    return problem.code if isinstance(problem, RegionAway | Refused) else type(problem).__name__
