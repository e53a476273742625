"""Which signed reports lie in the folder, and which of them went to the printer."""

from dataclasses import dataclass

from clinic.spool.database import Database
from shared.clock import utc_now

_CURSOR = "reports_cursor"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report for the printer. ``file``: its name in the folder."""

    report_id: str
    version: int
    kind: str
    file: str


def cursor(database: Database) -> str | None:
    return database.fact(_CURSOR) or None


def keep_cursor(database: Database, value: str) -> None:
    database.put_fact(_CURSOR, value)


def is_known(database: Database, report_id: str, version: int, kind: str) -> bool:
    statement = "SELECT 1 FROM report WHERE report_id = ? AND version = ? AND kind = ?"
    return database.row(statement, report_id, version, kind) is not None


def note(database: Database, report_id: str, version: int, kind: str, file: str | None, *, to_print: bool) -> None:
    """After its file is durable."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO report (report_id, version, kind, file, print_state, fetched_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (report_id, version, kind, file, "waiting" if to_print else "none", utc_now().isoformat()),
        )


def waiting(database: Database) -> list[Waiting]:
    rows = database.rows("SELECT * FROM report WHERE print_state = 'waiting' ORDER BY fetched_at, report_id")
    return [Waiting(row["report_id"], row["version"], row["kind"], row["file"]) for row in rows]


def set_print_state(database: Database, report: Waiting, state: str) -> None:
    with database.transaction() as connection:
        connection.execute(
            "UPDATE report SET print_state = ? WHERE report_id = ? AND version = ? AND kind = ?",
            (state, report.report_id, report.version, report.kind),
        )


def doubt_interrupted(database: Database) -> int:
    """What was at the printer when the program died may be printed or not: a person looks, nothing prints twice."""
    with database.transaction() as connection:
        changed = connection.execute("UPDATE report SET print_state = 'unknown' WHERE print_state = 'printing'")
        return changed.rowcount
