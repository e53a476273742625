"""The servers of the tests are the servers of a region: started, stopped, killed and started again."""

import asyncpg
import nats
import pytest
from minio import Minio
from minio.error import S3Error

from tests.support.servers import MakeDatabase, RunningNats, RunningPostgres, RunningSeaweed


async def _fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_each_test_has_a_database_of_its_own(make_database: MakeDatabase) -> None:
    first, second = await make_database("imaging"), await make_database("imaging")
    await _fetch(first, "CREATE TABLE cases (id int)")
    assert await _fetch(second, "SELECT to_regclass('cases')") is None


async def test_a_template_is_built_once_and_copied(
    postgres_server: RunningPostgres, make_database: MakeDatabase
) -> None:
    built: list[str] = []

    async def build(url: str) -> None:
        built.append(url)
        await _fetch(url, "CREATE TABLE cases (id int)")

    await postgres_server.build_template("with_cases", build)
    await postgres_server.build_template("with_cases", build)
    url = await make_database("copy", template="with_cases")
    assert await _fetch(url, "SELECT count(*) FROM cases") == 0
    assert len(built) == 1


async def test_postgres_refuses_a_wrong_password_over_tcp(postgres_server: RunningPostgres) -> None:
    server = postgres_server.server
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url("gongzhen_admin", "wrong", "postgres"))


async def test_a_service_reaches_its_own_database_only(postgres_server: RunningPostgres) -> None:
    await postgres_server.server.create_databases({"one": "pw1", "two": "pw2"})
    await postgres_server.server.create_databases({"one": "pw1", "two": "pw3"})
    assert await _fetch(postgres_server.server.url("two", "pw3", "two"), "SELECT current_user") == "two"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres_server.server.url("one", "pw1", "two"))
    for name in ("one", "two"):
        await postgres_server.drop_database(f"/{name}")


async def test_a_message_survives_a_kill_of_the_server(nats_url: str, nats_server: RunningNats) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().add_stream(name="imaging", subjects=["imaging.>"])
    await client.jetstream().publish("imaging.case.received.v1", b"{}")
    await client.close()
    await nats_server.kill()
    assert not nats_server.is_running
    await nats_server.start()
    client = await nats.connect(nats_url)
    assert (await client.jetstream().stream_info("imaging")).state.messages == 1
    await client.close()


async def test_messages_are_encrypted_on_disk(nats_url: str, nats_server: RunningNats) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().add_stream(name="imaging", subjects=["imaging.>"])
    await client.jetstream().publish("imaging.case.received.v1", b"plainly-readable-words")
    await client.close()
    stored = list((nats_server.server.folder / "jetstream").rglob("*.blk"))
    assert stored
    assert all(b"plainly-readable-words" not in file.read_bytes() for file in stored)


async def test_a_service_publishes_its_own_subjects_only(nats_url: str, nats_server: RunningNats) -> None:
    refused: list[str] = []

    async def note(error: Exception) -> None:
        refused.append(str(error))

    admin = await nats.connect(nats_url)
    await admin.jetstream().add_stream(name="all", subjects=["imaging.>", "ecg.>", "directory.>"])
    client = await nats.connect(nats_server.url_for("imaging"), error_cb=note, inbox_prefix="_INBOX_imaging")
    await client.jetstream().publish("imaging.case.received.v1", b"{}")
    for foreign in ("ecg.report.signed.v1", "directory.account.changed.v1"):
        await client.publish(foreign, b"{}")
    await client.flush()
    gateway = await nats.connect(nats_server.url_for("gateway"), inbox_prefix="_INBOX_gateway")
    await gateway.jetstream().publish("directory.account.changed.v1", b"{}")
    assert [error.count("ermissions violation for publish") for error in refused] == [1, 1]
    assert (await admin.jetstream().stream_info("all")).state.messages == 2
    for connection in (client, gateway, admin):
        await connection.close()


async def test_a_service_pulls_its_messages(nats_url: str, nats_server: RunningNats) -> None:
    imaging = await nats.connect(nats_server.url_for("imaging"), inbox_prefix="_INBOX_imaging")
    await imaging.jetstream().add_stream(name="IMAGING", subjects=["imaging.>"])
    await imaging.jetstream().publish("imaging.case.received.v1", b"{}")
    pull = await imaging.jetstream().pull_subscribe("imaging.>", durable="imaging", stream="IMAGING")
    (message,) = await pull.fetch(1, timeout=5)
    await message.ack_sync()
    assert (await pull.consumer_info()).num_pending == 0
    await imaging.close()


def test_s3_stores_and_checks_keys(seaweed_server: RunningSeaweed) -> None:
    bucket = seaweed_server.make_bucket()
    client = Minio(seaweed_server.endpoint, seaweed_server.access_key, seaweed_server.secret_key, secure=False)
    file = seaweed_server.server.folder / "object"
    file.write_bytes(b"x" * 1000)
    client.fput_object(bucket, "object", str(file))
    assert client.stat_object(bucket, "object").size == 1000
    seaweed_server.server.sync_every_write()
    client.fput_object(bucket, "synced", str(file))
    assert client.stat_object(bucket, "synced").size == 1000
    stranger = Minio(seaweed_server.endpoint, seaweed_server.access_key, "wrong", secure=False)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        stranger.list_buckets()
