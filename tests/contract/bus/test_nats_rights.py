"""Each service with its own user: it speaks for itself only, and all of the bus works within its rights."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import nats
import pytest

from shared.bus import Bus, Retry, StreamLimits, connect
from shared.bus.waiting import wait_any
from shared.errors import TooLarge, Unavailable
from tests.contract.bus.collect import Collector, until
from tests.contract.bus.conftest import Start
from tests.support.servers import RunningNats


@pytest.fixture
async def imaging(nats_server: RunningNats, nats_url: str) -> AsyncIterator[Bus]:
    bus = await connect(nats_server.url_for("imaging"), service="imaging")
    await nats_server.make_streams()
    yield bus
    await bus.close()


@pytest.fixture
async def gateway(nats_server: RunningNats, nats_url: str) -> AsyncIterator[Bus]:
    bus = await connect(nats_server.url_for("gateway"), service="gateway")
    await nats_server.make_streams()
    yield bus
    await bus.close()


async def test_a_centre_cannot_speak_for_another(imaging: Bus) -> None:
    await imaging.publish("imaging.case.received.v1", b"", message_id="evt_1")
    with pytest.raises(Unavailable):
        await imaging.publish("ecg.report.signed.v1", b"", message_id="evt_2")


@pytest.mark.parametrize(
    "subject",
    [
        "STREAM.INFO.ECG",
        "STREAM.UPDATE.ECG",
        "STREAM.PURGE.ECG",
        "STREAM.PURGE.IMAGING",
        "STREAM.DELETE.IMAGING",
        "STREAM.UPDATE.DIRECTORY",
        "STREAM.PURGE.DIRECTORY",
        "STREAM.MSG.GET.ECG",
        "STREAM.MSG.GET.DEADLETTER",
        "STREAM.MSG.DELETE.IMAGING",
        "STREAM.MSG.DELETE.DEADLETTER",
        "DIRECT.GET.ECG",
        "CONSUMER.CREATE.ECG",
        "CONSUMER.CREATE.ECG.spy",
        "CONSUMER.DURABLE.CREATE.ECG.spy",
        "CONSUMER.CREATE.DEADLETTER",
        "CONSUMER.CREATE.DEADLETTER.replay_imaging_imaging_reading",
        "CONSUMER.CREATE.DEADLETTER.replay_imaging_imaging_reading.deadletter.replay.ecg.ecg_reading",
        "CONSUMER.MSG.NEXT.ECG.gateway_cases_ecg",
        "CONSUMER.MSG.NEXT.ECG.ecg_reading",
        "CONSUMER.MSG.NEXT.DEADLETTER.replay_ecg_ecg_reading",
        "CONSUMER.DELETE.ECG.ecg_reading",
        "CONSUMER.DELETE.IMAGING.gateway_cases_imaging",
    ],
)
async def test_a_centre_has_no_right_to_what_is_not_its_own(
    nats_server: RunningNats, nats_url: str, subject: str
) -> None:
    assert await _is_refused(nats_server, publish=f"$JS.API.{subject}")


@pytest.mark.parametrize("subject", ["STREAM.PURGE.ECG", "STREAM.UPDATE.ECG", "CONSUMER.DELETE.ECG.ecg_reading"])
async def test_the_gateway_reads_the_centres_streams_and_changes_none(
    nats_server: RunningNats, nats_url: str, subject: str
) -> None:
    assert await _is_refused(nats_server, "gateway", publish=f"$JS.API.{subject}")


@pytest.mark.parametrize("subject", ["_INBOX_ecg.>", "_INBOX.>", "ecg.>", "live.>", "$JS.>", ">"])
async def test_a_centre_hears_its_own_answers_only(nats_server: RunningNats, nats_url: str, subject: str) -> None:
    assert await _is_refused(nats_server, subscribe=subject)


async def test_a_centre_acknowledges_for_nobody_else(nats_server: RunningNats, nats_url: str) -> None:
    assert await _is_refused(nats_server, publish="$JS.ACK.ECG.ecg_reading.1.1.1.1.0")


async def _is_refused(server: RunningNats, user: str = "imaging", *, publish: str = "", subscribe: str = "") -> bool:
    """Whether the server says that ``user`` has no right to the subject; False when it has not after two seconds."""
    refused = asyncio.Event()

    async def note(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            refused.set()

    client = await nats.connect(server.url_for(user), error_cb=note, inbox_prefix=f"_INBOX_{user}")
    if publish:
        await client.publish(publish, b"{}")
    if subscribe:
        await client.subscribe(subscribe)
    await client.flush()
    await wait_any(refused, timeout_s=2.0)
    await client.close()
    return refused.is_set()


async def test_the_gateway_reads_a_centre_and_replays_its_own_failures(
    imaging: Bus, gateway: Bus, start: Start, stop: asyncio.Event
) -> None:
    is_cured = False

    def fails(_: object) -> None:
        if not is_cured:
            raise ValueError("no")

    collector = Collector(fails)
    start(
        gateway.consume(
            stream="IMAGING",
            durable="gateway_cases_imaging",
            subjects=["imaging.case.>"],
            handler=collector,
            stop=stop,
            retry=Retry(attempts=1),
        )
    )
    await imaging.publish("imaging.case.received.v1", b"case", message_id="evt_1")

    async def is_set_aside() -> bool:
        return bool((await gateway.list_dead()).items)

    await until(is_set_aside)
    is_cured = True
    await gateway.replay_dead((await gateway.list_dead()).items[0].sequence)
    await collector.until_count(1)


async def test_the_gateway_replays_a_centres_failure_without_speaking_for_it(
    imaging: Bus, gateway: Bus, start: Start, stop: asyncio.Event
) -> None:
    is_cured = False

    def fails(_: object) -> None:
        if not is_cured:
            raise ValueError("no")

    collector = Collector(fails)
    start(
        imaging.consume(
            stream="IMAGING",
            durable="imaging_reading",
            subjects=["imaging.case.>"],
            handler=collector,
            stop=stop,
            retry=Retry(attempts=1),
        )
    )
    await imaging.publish("imaging.case.received.v1", b"case", message_id="evt_1")

    async def is_set_aside() -> bool:
        return bool((await gateway.list_dead(service="imaging")).items)

    await until(is_set_aside)
    is_cured = True
    await gateway.replay_dead((await gateway.list_dead()).items[0].sequence)
    await collector.until_count(1)
    assert collector.got[0].subject == "imaging.case.received.v1"


async def test_a_watch_and_a_listener_work_for_the_gateway(gateway: Bus, start: Start, stop: asyncio.Event) -> None:
    collector, heard, ready = Collector(), list[bytes](), asyncio.Event()

    async def listener(_: str, data: bytes) -> None:
        heard.append(data)

    start(gateway.listen("live.>", listener, stop, ready=ready))
    start(gateway.watch(stream="DIRECTORY", subjects=["directory.>"], from_sequence=1, handler=collector, stop=stop))
    await gateway.publish("directory.account.a", b"a", message_id="evt_1")
    await collector.until_count(1)
    await asyncio.wait_for(ready.wait(), 10)
    await gateway.announce("live.worklist.queued", b"now")
    await until(lambda: heard == [b"now"])


async def test_only_the_owner_changes_the_limits_of_a_stream(
    nats_server: RunningNats, imaging: Bus, gateway: Bus
) -> None:
    smaller = replace(StreamLimits(), center_bytes=64 << 20, directory_bytes=32 << 20)
    again = await connect(nats_server.url_for("imaging"), service="imaging", limits=smaller)
    await again.ensure_streams()
    await again.close()
    limits = {usage.stream: usage.limit_bytes for usage in await gateway.stream_usage()}
    assert limits["IMAGING"] == 64 << 20
    assert limits["ECG"] == StreamLimits().center_bytes
    assert limits["DIRECTORY"] == StreamLimits().directory_bytes


async def test_a_full_stream_refuses_and_keeps_what_it_has(nats_server: RunningNats, nats_url: str) -> None:
    tiny = replace(StreamLimits(), center_bytes=64 << 10)
    bus = await connect(nats_server.url, service="lab", limits=tiny)
    await bus.ensure_streams()
    stored = 0
    with pytest.raises(Unavailable) as raised:
        for number in range(100):
            await bus.publish("lab.case.received.v1", b"x" * 4096, message_id=f"evt_{number}")
            stored += 1
    assert raised.value.code == "bus_full"
    usage = {entry.stream: entry for entry in await bus.stream_usage()}["LAB"]
    await bus.close()
    assert usage.messages == stored > 10
    assert usage.ratio > 0.7


async def test_a_message_beyond_the_servers_limit_is_named_so(imaging: Bus) -> None:
    with pytest.raises(TooLarge):
        await imaging.publish("imaging.case.received.v1", b"x" * (9 << 20), message_id="evt_1")
