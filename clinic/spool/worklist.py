"""The clinic's orders as last heard from the region, so that machines have a worklist while the line is down."""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta

from clinic.spool.database import Database
from clinic.spool.items import Facts
from shared.clock import utc_now

_FORGET_AFTER = timedelta(days=30)
_SH_CHARACTERS = 16
_SPACE = uuid.UUID("7c2b1d0e-6f0a-4f7e-9a55-0d3a6a4f5b11")


@dataclass(frozen=True, slots=True)
class Entry:
    """An order. No national id: no machine needs it."""

    case_id: str
    center: str
    accession_number: str
    priority: str
    ordered_at: str
    patient_id: str = ""
    patient_name: str = ""
    sex: str = ""
    birth_date: str = ""
    age: str = ""
    exam_code: str = ""
    exam_name: str = ""
    modality: str = ""
    laterality: str = ""

    @property
    def short_number(self) -> str:
        """The number as a machine can carry it: an SH has 16 characters (PS3.5 6.2); the region's own numbers are
        longer and differ at their end."""
        return self.accession_number[-_SH_CHARACTERS:]

    @property
    def study_uid(self) -> str:
        """The Study Instance UID that the worklist gives the machine: always the same for an order (PS3.5 B.2)."""
        return f"2.25.{uuid.uuid5(_SPACE, self.case_id).int}"


@dataclass(frozen=True, slots=True)
class Match:
    """``is_open``: the order still waits for its images."""

    entry: Entry
    is_open: bool


def replace(database: Database, entries: Iterable[Entry]) -> None:
    """These orders wait, no others."""
    now = utc_now()
    with database.transaction() as connection:
        connection.execute("UPDATE worklist SET is_open = 0")
        connection.executemany(
            "INSERT OR REPLACE INTO worklist (case_id, center, accession_number, entry, is_open, seen_at)"
            " VALUES (?, ?, ?, ?, 1, ?)",
            [
                (each.case_id, each.center, each.accession_number, json.dumps(asdict(each)), now.isoformat())
                for each in entries
            ],
        )
        connection.execute(
            "DELETE FROM worklist WHERE is_open = 0 AND seen_at < ?", ((now - _FORGET_AFTER).isoformat(),)
        )


def open_entries(database: Database) -> list[Entry]:
    rows = database.rows("SELECT * FROM worklist WHERE is_open = 1 ORDER BY case_id")
    return [_match(row).entry for row in rows]


def match(database: Database, center: str, facts: Facts) -> Entry | None:
    """The order a file belongs to: by accession number, else by the study UID that the worklist gave out.

    A number whose order has been fulfilled counts only for the same patient: machines without a worklist write the
    same one into every exam. While the order waits, the region warns its reader of a contradiction.
    """
    rows = database.rows("SELECT * FROM worklist WHERE center = ? ORDER BY is_open DESC, case_id DESC", center)
    candidates = [_match(row) for row in rows]
    for each in candidates:
        if facts.accession_number and facts.accession_number in (each.entry.accession_number, each.entry.short_number):
            same_patient = facts.patient_id in ("", each.entry.patient_id)
            if each.is_open or same_patient:
                return each.entry
    return next(
        (each.entry for each in candidates if facts.study_uid and each.entry.study_uid == facts.study_uid), None
    )


def _match(row: sqlite3.Row) -> Match:
    return Match(Entry(**json.loads(row["entry"])), bool(row["is_open"]))
