"""What the gateway decides reaches a centre's own copy through the outbox and the bus."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.gateway.accounts.facts import republish_directory
from shared import directory
from shared.auth import Actor
from shared.bus import connect
from shared.db import Database
from shared.errors import Unauthenticated
from shared.events.directory import Account, DirectoryRecord, Organization, SigningCredential
from shared.events.envelope import Envelope
from shared.migrate import migrate
from shared.outbox import relay_once
from tests.integration.gateway.accounts.desk import Desk
from tests.support.servers import MakeDatabase, RunningNats, RunningPostgres


@pytest.fixture
async def center(postgres_server: RunningPostgres, make_database: MakeDatabase) -> AsyncIterator[Database]:
    await postgres_server.build_template("core", lambda url: migrate(url, "ecg"))
    database = Database(await make_database("core", template="core"))
    yield database
    await database.close()


async def _bring_up_to_date(desk: Desk, center: Database) -> None:
    """Relay what waits, then let the centre apply the newest message of every subject, as a follower does."""
    while await relay_once(desk.resources.db, desk.bus):
        pass
    stop = asyncio.Event()
    task = asyncio.create_task(directory.follow(center, desk.bus, stop))
    newest = {message.sequence for message in await desk.bus.read_last_per_subject("DIRECTORY", ["directory.>"])}
    async with asyncio.timeout(20):
        while await _position(center) < max(newest):
            await asyncio.sleep(0.01)
    stop.set()
    await task


async def _position(center: Database) -> int:
    async with center.transaction() as session:
        row = await session.get(directory.DirectoryPosition, 1)
        return row.stream_sequence if row else 0


async def _require_current(center: Database, actor: Actor) -> None:
    async with center.transaction() as session:
        await directory.require_current(session, actor)


async def test_a_revocation_by_the_administrator_reaches_a_centre(desk: Desk, center: Database) -> None:
    admin = await desk.bearer("admin1")
    actor = await desk.resources.verifier.verify((await desk.token("reader1"))["access_token"])
    await _bring_up_to_date(desk, center)
    await _require_current(center, actor)

    revoked = await desk.http.post("/v1/admin/users/acc_reader1/revoke", headers=admin)
    assert revoked.status_code == 200
    await _bring_up_to_date(desk, center)
    with pytest.raises(Unauthenticated) as refused:
        await _require_current(center, actor)
    assert refused.value.code == "token_revoked"

    again = await desk.resources.verifier.verify((await desk.token("reader1"))["access_token"])
    await _require_current(center, again)


async def test_a_closed_account_is_closed_in_a_centre(desk: Desk, center: Database) -> None:
    admin = await desk.bearer("admin1")
    actor = await desk.resources.verifier.verify((await desk.token("reader1"))["access_token"])
    await desk.http.patch("/v1/admin/users/acc_reader1", json={"active": False}, headers=admin)
    await _bring_up_to_date(desk, center)
    with pytest.raises(Unauthenticated):
        await _require_current(center, actor)


async def test_a_revoked_certificate_is_revoked_in_a_centre(desk: Desk, center: Database) -> None:
    admin = await desk.bearer("admin1")
    path = "/v1/admin/users/acc_reader1/signing-credential/revoke"
    assert (await desk.http.post(path, json={"reason": "测试"}, headers=admin)).json()["status"] == "revoked"
    await _bring_up_to_date(desk, center)
    async with center.transaction() as session:
        credential = await directory.credential(session, "acc_reader1")
    assert credential is not None
    assert credential.status == "revoked"


async def test_every_record_is_one_subject_of_the_stream(desk: Desk) -> None:
    while await relay_once(desk.resources.db, desk.bus):
        pass
    newest = await desk.bus.read_last_per_subject("DIRECTORY", ["directory.>"])
    subjects = {message.subject for message in newest}
    assert "directory.account.acc_reader1" in subjects
    assert "directory.organization.org_demo_a" in subjects
    assert "directory.site_policy.org_demo_a_imaging" in subjects
    assert "directory.signing_credential.acc_lab1" in subjects
    assert len(subjects) == len(newest)
    envelope = Envelope.from_bytes(next(m.data for m in newest if m.subject == "directory.account.acc_reader1"))
    assert "password" not in envelope.to_bytes().decode()


async def test_a_replay_rebuilds_an_empty_copy_and_keeps_what_was_deleted_away(desk: Desk, center: Database) -> None:
    admin = await desk.bearer("admin1")
    assert (await desk.http.delete("/v1/admin/contacts/con_demo_b", headers=admin)).status_code == 204
    while await relay_once(desk.resources.db, desk.bus):
        pass
    async with desk.resources.db.transaction() as session:
        count = await republish_directory(session)
    await _bring_up_to_date(desk, center)

    kinds: tuple[type[DirectoryRecord], ...] = (Account, Organization, SigningCredential)
    async with desk.resources.db.transaction() as session:
        owned = [await directory.every(session, kind) for kind in kinds]
    async with center.transaction() as session:
        assert [await directory.every(session, kind) for kind in kinds] == owned
        assert await directory.duty_contacts(session, "org_demo_b") == []
    assert count > sum(len(records) for records in owned)


async def test_over_real_nats_each_service_with_its_own_user(
    desk: Desk, center: Database, nats_server: RunningNats, nats_url: str
) -> None:
    """Only the gateway may say what the directory holds; a centre may follow it."""
    gateway = await connect(nats_server.url_for("gateway"), service="gateway")
    ecg = await connect(nats_server.url_for("ecg"), service="ecg")
    stop = asyncio.Event()
    try:
        await gateway.ensure_streams()
        while await relay_once(desk.resources.db, gateway):
            pass
        following = asyncio.create_task(directory.follow(center, ecg, stop))
        admin = await desk.bearer("admin1")
        await desk.http.post("/v1/admin/users/acc_reader1/revoke", headers=admin)
        await relay_once(desk.resources.db, gateway)
        async with asyncio.timeout(20):
            while not await _is_revoked(center, "acc_reader1"):
                await asyncio.sleep(0.05)
        stop.set()
        await following
    finally:
        await ecg.close()
        await gateway.close()


async def _is_revoked(center: Database, account_id: str) -> bool:
    async with center.transaction() as session:
        account = await directory.account(session, account_id)
    return account is not None and account.revoked_before is not None
