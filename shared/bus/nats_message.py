"""From what ``nats-py`` hands over to ours."""

from datetime import UTC, datetime
from typing import cast

from nats.aio.msg import Msg
from nats.js import api

from shared.bus.message import Delivery

_MESSAGE_ID = api.Header.MSG_ID.value


def from_delivery(message: Msg) -> Delivery:
    headers = dict(message.headers or {})
    metadata = message.metadata
    return Delivery(
        subject=message.subject,
        data=message.data,
        message_id=headers.pop(_MESSAGE_ID, ""),
        sequence=metadata.sequence.stream,
        published_at=metadata.timestamp.astimezone(UTC),
        attempt=metadata.num_delivered,
        headers=headers,
    )


def from_raw(message: api.RawStreamMsg) -> Delivery:
    """A message read from the stream itself, not through a consumer."""
    headers = dict(message.headers or {})
    return Delivery(
        subject=cast(str, message.subject),
        data=message.data or b"",
        message_id=headers.pop(_MESSAGE_ID, ""),
        sequence=cast(int, message.seq),
        published_at=cast(datetime, message.time).astimezone(UTC),
        headers=headers,
    )
