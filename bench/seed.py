"""Fills a region's databases directly with what would take hours to upload: waiting cases, released reports."""

import asyncpg

from tests.support.region import RunningRegion

_COPY_CASES = """
INSERT INTO reading.case ({columns})
SELECT {values} FROM reading.case AS c, generate_series(1, $2::int) AS n WHERE c.case_id = $1
"""

_FEED = """
WITH lines AS (
    SELECT n AS feed_seq, 'rep_bench_' || n AS report_id,
           CASE WHEN n % 10000 = 0 THEN $2 ELSE 'org_bench_elsewhere' END AS org_id
    FROM generate_series($1::bigint + 1, $1::bigint + $3::bigint) AS n
), model AS (
    SELECT item FROM gateway.feed_entry ORDER BY feed_seq DESC LIMIT 1
), reports AS (
    INSERT INTO gateway.report (report_id, case_id, center, latest_version)
    SELECT report_id, 'case_bench', 'imaging', 1 FROM lines
), written AS (
    INSERT INTO gateway.feed_entry (feed_seq, report_id, version, kind, org_ids, item)
    SELECT feed_seq, report_id, 1, 'signed', ARRAY[org_id], model.item FROM lines, model
)
INSERT INTO gateway.feed_visibility (org_id, feed_seq, center, clinic_id, patient_id, kind)
SELECT org_id, feed_seq, 'imaging', org_id, 'B', 'signed' FROM lines
"""


async def copy_waiting_case(region: RunningRegion, case_id: str, count: int) -> None:
    """``count`` queued cases that differ from ``case_id`` in id, accession number and a spread of deadlines."""
    connection = await _connect(region, "imaging")
    try:
        names = [
            row["column_name"]
            for row in await connection.fetch(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = 'reading' AND table_name = 'case' AND is_generated = 'NEVER'"
            )
        ]
        changed = {
            "case_id": "'case_bench_' || lpad(n::text, 12, '0')",
            "accession_number": "'BENCH' || n",
            "state": "'queued'",
            "due_at": "clock_timestamp() + interval '1 day' + n * interval '1 second'",  # none is overdue meanwhile
        }
        await connection.execute(
            _COPY_CASES.format(
                columns=", ".join(f'"{name}"' for name in names),
                values=", ".join(changed.get(name, f'c."{name}"') for name in names),
            ),
            case_id,
            count,
        )
        await connection.execute("ANALYZE reading.case")
    finally:
        await connection.close()


async def fill_feed(region: RunningRegion, visible_to: str, count: int) -> None:
    """``count`` lines of which ``visible_to`` sees one in ten thousand; the counter is moved past them.

    They look like the newest line there is: one report must have been released before.
    """
    connection = await _connect(region, "gateway")
    try:
        async with connection.transaction():
            last = await connection.fetchval("SELECT n FROM gateway.feed WHERE name = 'reports' FOR UPDATE")
            await connection.execute(_FEED, last, visible_to, count)
            await connection.execute("UPDATE gateway.feed SET n = n + $1 WHERE name = 'reports'", count)
        await connection.execute("ANALYZE gateway.feed_visibility")
        await connection.execute("ANALYZE gateway.feed_entry")
    finally:
        await connection.close()


async def _connect(region: RunningRegion, service: str) -> asyncpg.Connection:
    return await asyncpg.connect(region.database_url(service))
