"""How it stands, as plain JSON. Numbers and reasons only: no patient's name, id or birthday."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from clinic.config import Config
from clinic.orders import REFRESHED_AT
from clinic.region.client import RegionClient
from clinic.sending.sender import Sent
from clinic.spool.database import Database
from clinic.spool.files import free_bytes
from clinic.spool.spool import Spool
from shared.clock import utc_now

_SHOWN = 100
_SKEW_S = 60.0
_MB = 1_000_000


def snapshot(
    config: Config, spool: Spool, client: RegionClient | None, under_way: Callable[[], Sent | None]
) -> dict[str, Any]:
    """``client`` None: asked from outside the running program."""
    database = spool.database
    free = free_bytes(spool.folder)
    sent = under_way()
    skew_s = client.clock_offset.total_seconds() if client is not None else 0.0
    return {
        "time": utc_now().isoformat(),
        "region": {
            "url": config.region.url,
            "last_contact": _iso(client.last_contact) if client is not None else None,
            "last_problem": client.last_problem if client is not None else "",
            "clock_skew_s": round(skew_s, 1),
            "clock_is_wrong": abs(skew_s) > _SKEW_S,
        },
        "disk": {"free_bytes": free, "is_low": free < config.spool.min_free_mb * _MB},
        "gathering": _count(database, "SELECT count(*) AS n FROM item WHERE batch_id IS NULL"),
        "waiting": _uploads(database, "waiting"),
        "sending": None
        if sent is None
        else {"upload_id": sent.batch_id, "sent_bytes": sent.sent_bytes, "size_bytes": sent.size_bytes},
        "refused": _uploads(database, "parked"),
        "sent": {
            "uploads": _count(database, "SELECT count(*) AS n FROM batch WHERE state = 'done'"),
            "files": _count(
                database, "SELECT count(*) AS n FROM item JOIN batch USING (batch_id) WHERE state = 'done'"
            ),
            "last": [dict(row) for row in database.rows(_LAST_SENT)],
        },
        "worklist": {
            "orders": _count(database, "SELECT count(*) AS n FROM worklist WHERE is_open = 1"),
            "refreshed_at": database.fact(REFRESHED_AT),
        },
        "reports": {
            "fetched": _count(database, "SELECT count(*) AS n FROM report"),
            "to_print": _count(database, "SELECT count(*) AS n FROM report WHERE print_state = 'waiting'"),
            "print_unknown": [
                f"{row['report_id']} v{row['version']}"
                for row in database.rows("SELECT * FROM report WHERE print_state = 'unknown'")
            ],
        },
    }


_LAST_SENT = (
    "SELECT batch_id AS upload_id, case_id, center, priority, finished_at FROM batch WHERE state = 'done'"
    " ORDER BY finished_at DESC LIMIT 20"
)
_UPLOADS = (
    "SELECT batch.batch_id AS upload_id, batch.center, batch.priority, batch.attempts, batch.code, batch.detail,"
    " batch.created_at, count(item.item_id) AS files, sum(item.size_bytes) AS size_bytes,"
    " group_concat(DISTINCT item.source) AS source,"
    " group_concat(DISTINCT json_extract(item.facts, '$.accession_number')) AS accession_number"
    " FROM batch JOIN item USING (batch_id) WHERE batch.state = ? GROUP BY batch.batch_id"
    " ORDER BY batch.created_at LIMIT ?"
)


def _uploads(database: Database, state: str) -> dict[str, Any]:
    rows = database.rows(_UPLOADS, state, _SHOWN)
    totals = database.row(
        "SELECT count(DISTINCT batch_id) AS uploads, count(*) AS files, coalesce(sum(size_bytes), 0) AS size_bytes"
        " FROM item JOIN batch USING (batch_id) WHERE state = ?",
        state,
    )
    return {**(dict(totals) if totals is not None else {}), "items": [dict(row) for row in rows]}


def _count(database: Database, statement: str) -> int:
    row = database.row(statement)
    return 0 if row is None else int(row["n"])


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
