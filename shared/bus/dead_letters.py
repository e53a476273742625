"""Messages that a consumer gave up: set aside with the reason, listed, given back.

They lie on ``deadletter.<service>.<durable>``. A replay goes to ``deadletter.replay.<service>.<durable>``, which only
that consumer reads: whoever else has handled the event does not see it twice, a compacted stream is not overwritten
by an old record, and the gateway, which serves the administrator, needs no right to speak for a centre.
"""

import json
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from shared.bus.message import DeadLetter, DeadLetterPage, Delivery
from shared.bus.streams import DEAD_LETTERS
from shared.errors import GongzhenError, NotFound
from shared.ids import new_id

_SUBJECT = "Gongzhen-Subject"
_STREAM = "Gongzhen-Stream"
_MESSAGE_ID = "Gongzhen-Message-Id"
_ERROR_CLASS = "Gongzhen-Error-Class"
_ERROR = "Gongzhen-Error"
_ATTEMPTS = "Gongzhen-Attempts"
_HEADERS = "Gongzhen-Headers"


class MessageStore(Protocol):
    """What the functions below need of a bus."""

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> None: ...

    async def next_message(self, stream: str, subject: str, from_sequence: int) -> Delivery | None: ...

    async def get_message(self, stream: str, sequence: int) -> Delivery | None: ...

    async def delete_message(self, stream: str, sequence: int) -> None: ...


def replay_subject(service: str, durable: str) -> str:
    return f"deadletter.replay.{service}.{durable}"


async def set_aside(
    store: MessageStore, delivery: Delivery, error: Exception, *, service: str, durable: str, stream: str
) -> None:
    """The id is the same each time, so a crash between this and the acknowledgement leaves one dead letter."""
    await store.publish(
        f"deadletter.{service}.{durable}",
        delivery.data,
        message_id=f"dead:{service}:{durable}:{delivery.message_id}",
        headers={
            _SUBJECT: delivery.subject,
            _STREAM: stream,
            _MESSAGE_ID: delivery.message_id,
            _ERROR_CLASS: type(error).__qualname__,
            _ERROR: _describe(error),
            _ATTEMPTS: str(delivery.attempt),
            _HEADERS: json.dumps(dict(delivery.headers)),
        },
    )


async def list_dead(store: MessageStore, *, limit: int, cursor: int | None, service: str | None) -> DeadLetterPage:
    subject = f"deadletter.{service or '*'}.*"
    items: list[DeadLetter] = []
    sequence = cursor or 1
    while len(items) < limit:
        found = await store.next_message(DEAD_LETTERS, subject, sequence)
        if found is None:
            return DeadLetterPage(items, None)
        items.append(_dead_letter(found))
        sequence = found.sequence + 1
    return DeadLetterPage(items, sequence)


async def read_dead(store: MessageStore, sequence: int) -> DeadLetter:
    return _dead_letter(await _get(store, sequence))


async def replay_dead(store: MessageStore, sequence: int) -> str:
    """The new message is stored before the dead letter goes: at worst it is replayed twice, never lost."""
    found = await _get(store, sequence)
    letter = _dead_letter(found)
    message_id = new_id("replay")
    headers = {name: found.headers[name] for name in (_SUBJECT, _STREAM, _HEADERS)}
    await store.publish(
        replay_subject(letter.service, letter.durable), found.data, message_id=message_id, headers=headers
    )
    await store.delete_message(DEAD_LETTERS, sequence)
    return message_id


async def discard_dead(store: MessageStore, sequence: int) -> None:
    await _get(store, sequence)
    await store.delete_message(DEAD_LETTERS, sequence)


def as_original(replayed: Delivery) -> Delivery:
    """A replayed message as the handler knew it: its own subject and headers."""
    headers = json.loads(replayed.headers[_HEADERS])
    return replace(replayed, subject=replayed.headers[_SUBJECT], headers=headers)


def original_stream(replayed: Delivery) -> str:
    return replayed.headers[_STREAM]


async def _get(store: MessageStore, sequence: int) -> Delivery:
    found = await store.get_message(DEAD_LETTERS, sequence)
    if found is None or found.subject.count(".") != 2:
        raise NotFound()
    return found


def _dead_letter(stored: Delivery) -> DeadLetter:
    _, service, durable = stored.subject.split(".")
    headers = stored.headers
    return DeadLetter(
        sequence=stored.sequence,
        service=service,
        durable=durable,
        stream=headers[_STREAM],
        subject=headers[_SUBJECT],
        message_id=headers[_MESSAGE_ID],
        error_class=headers[_ERROR_CLASS],
        error=headers[_ERROR],
        attempts=int(headers[_ATTEMPTS]),
        failed_at=stored.published_at,
        data=stored.data,
    )


def _describe(error: Exception) -> str:
    """Our own errors have a code; of others only the place is told, since their text may quote the patient."""
    if isinstance(error, GongzhenError):
        return error.code
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"
