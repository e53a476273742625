"""Making, comparing and reading streams."""

from collections.abc import Sequence

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext, api

from shared.bus.message import Delivery, StreamUsage
from shared.bus.nats_message import from_delivery
from shared.bus.streams import StreamLimits, StreamSpec

_ALREADY_IN_USE = 10058
_READER_IDLE_S = 60.0  # the server forgets a reader that has not asked for so long
_BATCH = 100
_READ_TIMEOUT_S = 5.0


async def ensure_stream(jetstream: JetStreamContext, spec: StreamSpec, limits: StreamLimits, *, is_owner: bool) -> None:
    """Only the owner changes a stream that is there: two services with different settings would undo each other."""
    wanted = _config(spec, limits)
    try:
        held = (await jetstream.stream_info(spec.name)).config
    except nats.js.errors.NotFoundError:
        try:
            await jetstream.add_stream(wanted)
        except nats.js.errors.APIError as error:
            if error.err_code != _ALREADY_IN_USE:  # another process was quicker, with other limits
                raise
        return
    if is_owner and _differs(held, wanted):
        await jetstream.update_stream(wanted)


async def usage(jetstream: JetStreamContext, name: str) -> StreamUsage | None:
    try:
        info = await jetstream.stream_info(name)
    except nats.js.errors.NotFoundError:
        return None
    return StreamUsage(name, info.state.messages, info.state.bytes, info.config.max_bytes or 0)


async def open_reader(
    jetstream: JetStreamContext, stream: str, subjects: Sequence[str], *, from_sequence: int | None
) -> tuple[JetStreamContext.PullSubscription, int]:
    """A short-lived consumer that nobody acknowledges; without a sequence, of the last message of each subject.

    Returns also how many messages wait for it now.
    """
    policy = api.DeliverPolicy.LAST_PER_SUBJECT if from_sequence is None else api.DeliverPolicy.BY_START_SEQUENCE
    info = await jetstream.add_consumer(
        stream,
        api.ConsumerConfig(
            deliver_policy=policy,
            opt_start_seq=from_sequence,
            ack_policy=api.AckPolicy.NONE,
            filter_subjects=list(subjects),
            inactive_threshold=_READER_IDLE_S,
            mem_storage=True,
            num_replicas=1,
        ),
    )
    subscription = await jetstream.pull_subscribe_bind(consumer=info.name, stream=stream)
    return subscription, info.num_pending or 0


async def read_last_per_subject(jetstream: JetStreamContext, stream: str, subjects: Sequence[str]) -> list[Delivery]:
    subscription, waiting = await open_reader(jetstream, stream, subjects, from_sequence=None)
    found: list[Delivery] = []
    try:
        while waiting > 0:
            messages = await subscription.fetch(min(_BATCH, waiting), timeout=_READ_TIMEOUT_S)
            found += [from_delivery(message) for message in messages]
            waiting = messages[-1].metadata.num_pending if messages else 0
    finally:
        await unsubscribe(subscription)
    return found


async def unsubscribe(subscription: JetStreamContext.PullSubscription) -> None:
    try:
        await subscription.unsubscribe()
    except nats.errors.Error:
        return  # it went with its connection


def _config(spec: StreamSpec, limits: StreamLimits) -> api.StreamConfig:
    return api.StreamConfig(
        name=spec.name,
        subjects=[spec.subject],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        # A full stream refuses: the outbox keeps what it holds. Dropping the oldest would lose reports silently.
        discard=api.DiscardPolicy.NEW,
        max_bytes=spec.max_bytes,
        max_age=spec.max_age_s,
        max_msgs_per_subject=1 if spec.is_compacted else -1,
        duplicate_window=min(limits.duplicate_window_s, spec.max_age_s or limits.duplicate_window_s),
        num_replicas=limits.replicas,
    )


def _differs(held: api.StreamConfig, wanted: api.StreamConfig) -> bool:
    names = ("subjects", "discard", "max_bytes", "max_age", "max_msgs_per_subject", "duplicate_window", "num_replicas")
    return any(getattr(held, name) != getattr(wanted, name) for name in names)
