"""The audit chain: what was sealed cannot be changed, removed or slipped in without ``check`` saying so."""

import pytest
from sqlalchemy import text

from shared import audit
from shared.auth import SYSTEM
from shared.db import Database


async def _write(db: Database, count: int) -> None:
    async with db.transaction() as session:
        for number in range(count):
            await audit.record(session, SYSTEM, "case.read", "case", f"case_{number}")


async def test_a_sealed_chain_holds_and_the_unsealed_tail_is_counted(db: Database) -> None:
    await _write(db, 5)
    assert await audit.seal_once(db) == 5
    await _write(db, 3)
    assert await audit.seal_once(db) == 3
    await _write(db, 2)
    verdict = await audit.check(db)
    assert (verdict.seals, verdict.entries, verdict.unsealed, verdict.problems) == (2, 10, 2, [])


@pytest.mark.parametrize(
    ("tampering", "complaint"),
    [
        ("UPDATE core.audit_entry SET record_id = 'case_x' WHERE id = 2", "an entry was changed"),
        ("DELETE FROM core.audit_entry WHERE id = 2", "1 entries are missing"),
        ("DELETE FROM core.audit_seal WHERE id = 1", "does not follow"),
        (
            "INSERT INTO core.audit_entry (action, outcome, account_id, org_id, record_kind, record_id, seal_id) "
            "VALUES ('a', 'ok', 'x', 'x', 'case', 'x', 1)",
            "stand in no seal",
        ),
    ],
)
async def test_tampering_shows(db: Database, tampering: str, complaint: str) -> None:
    for _ in range(2):
        await _write(db, 4)
        await audit.seal_once(db)
    async with db.transaction() as session:
        await session.execute(text(tampering))
    assert any(complaint in problem for problem in (await audit.check(db)).problems)


async def test_two_sealers_never_seal_one_entry_twice(db: Database) -> None:
    await _write(db, 50)
    async with db.transaction() as holder:
        await holder.execute(text(f"SELECT pg_advisory_xact_lock({audit._SEAL_LOCK})"))
        assert await audit.seal_once(db) == 0
    assert await audit.seal_once(db) == 50
    assert await audit.seal_once(db) == 0


async def test_only_the_same_read_of_the_same_record_stands_already(db: Database) -> None:
    await _write(db, 1)
    async with db.transaction() as session:
        assert await audit.seen_recently(session, SYSTEM, "case.read", "case", "case_0")
        assert not await audit.seen_recently(session, SYSTEM, "case.read", "report", "case_0")
        assert not await audit.seen_recently(session, SYSTEM, "case.read", "case", "case_1")
        assert not await audit.seen_recently(session, SYSTEM, "instances.read", "case", "case_0")
        assert not await audit.seen_recently(session, SYSTEM, "case.read", "case", "case_0", minutes=0)
