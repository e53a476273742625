import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from services.gateway.accounts import bootstrap, demo
from services.gateway.accounts.config import AccountSettings
from services.gateway.queries import accounts as queries
from shared import directory
from shared.db import Database
from shared.errors import Unavailable
from shared.events.directory import Account, SitePolicy
from shared.settings import Settings
from tests.integration.gateway.accounts.desk import PASSWORD, Desk, settings_for

CONTRACT = {
    "clinic1", "clinic2", "clinic3", "reader1", "reader2", "reviewer1", "reader3", "reviewer3", "lab1", "lab2",
    "dispatcher1", "hospital1", "admin1", "auditor1",
}  # fmt: skip


async def test_every_account_of_the_contract_logs_in(desk: Desk) -> None:
    for username in CONTRACT - {"hospital1"}:
        assert (await desk.token(username, PASSWORD))["access_token"]


async def test_the_accounts_are_those_of_the_contract(db: Database) -> None:
    async with db.transaction() as session:
        accounts = await directory.every(session, Account)
        policies = await directory.every(session, SitePolicy)
    assert {account.username for account in accounts} == CONTRACT
    by_name = {account.username: account for account in accounts}
    assert by_name["reviewer1"].roles == ["reader", "reviewer"]
    assert {by_name[name].org_id for name in ("reader1", "reader2", "reviewer1", "lab1", "lab2")} == {"org_demo_a"}
    assert {by_name[name].org_id for name in ("reader3", "reviewer3")} == {"org_demo_b"}
    ranks = {(policy.reading_site_id, policy.center): (policy.rank, policy.signatures) for policy in policies}
    assert ranks[("org_demo_a", "imaging")] == (1, "double")
    assert ranks[("org_demo_b", "lab")] == (2, "double")
    assert len(ranks) == 6


async def test_a_second_start_changes_nothing_and_keeps_what_was_changed(demo_settings: Settings, db: Database) -> None:
    async with db.transaction() as session:
        reader = await queries.fact(session, Account, "acc_reader1")
        assert reader is not None
        await session.execute(text('UPDATE gateway.region_fact SET record = record || \'{"name": "测试改名"}\''))
    before = await _everything(db)
    await asyncio.gather(*(bootstrap.start(db, demo_settings, AccountSettings()) for _ in range(2)))
    assert await _everything(db) == before


@pytest.mark.parametrize("address", ["http://region.example", "https://10.0.0.5:8443", "http://", "http://0.0.0.0:80"])
async def test_a_public_address_has_no_demo(empty_url: str, tmp_path: Path, address: str) -> None:
    db = Database(empty_url)
    with pytest.raises(Unavailable) as refused:
        await bootstrap.start(db, settings_for(empty_url, tmp_path, demo=True, public_url=address), AccountSettings())
    assert refused.value.code == "demo_refused"
    async with db.transaction() as session:
        assert await directory.every(session, Account) == []
    await db.close()


async def test_what_was_a_demo_opens_to_the_public_only_without_its_accounts(
    demo_settings: Settings, db: Database
) -> None:
    public = demo_settings.model_copy(update={"demo": False, "public_url": "https://region.example"})
    with pytest.raises(Unavailable) as refused:
        await bootstrap.start(db, public, AccountSettings())
    assert refused.value.code == "demo_refused"
    await bootstrap.start(db, demo_settings.model_copy(update={"demo": False}), AccountSettings())
    async with db.transaction() as session:
        await session.execute(
            text("UPDATE gateway.region_fact SET record = record || '{\"active\": false}' WHERE kind = 'account'")
        )
    await bootstrap.start(db, public, AccountSettings())


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80", "http://127.9.9.9"]
)
def test_loopback_is_loopback(address: str) -> None:
    demo.require_loopback(address)


async def _everything(db: Database) -> list[str]:
    tables = ("region_fact", "login", "certificate", "authority", "token_key")
    async with db.transaction() as session:
        return [
            str(row)
            for table in tables
            for row in (await session.execute(text(f"SELECT t::text FROM gateway.{table} AS t ORDER BY 1"))).scalars()
        ]
