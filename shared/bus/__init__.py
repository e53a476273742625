"""Messages between services: JetStream for events, plain NATS for what only matters now."""

from shared.bus.memory_bus import MemoryBus
from shared.bus.message import ConsumerLag, DeadLetter, DeadLetterPage, Delivery, StreamUsage
from shared.bus.nats_bus import connect
from shared.bus.port import Bus, Listener
from shared.bus.retry import DEFAULT_RETRY, Handler, Retry, RetryLater
from shared.bus.streams import DEAD_LETTERS, DIRECTORY, StreamLimits

__all__ = [
    "DEAD_LETTERS",
    "DEFAULT_RETRY",
    "DIRECTORY",
    "Bus",
    "ConsumerLag",
    "DeadLetter",
    "DeadLetterPage",
    "Delivery",
    "Handler",
    "Listener",
    "MemoryBus",
    "Retry",
    "RetryLater",
    "StreamLimits",
    "StreamUsage",
    "connect",
]
