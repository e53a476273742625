"""What becomes of a message whose handler failed: the same decision over NATS and in the fake."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.bus.message import Delivery
from shared.errors import GongzhenError, Unavailable
from shared.telemetry import fields

logger = logging.getLogger(__name__)

Handler = Callable[[Delivery], Awaitable[None]]


class RetryLater(Exception):
    """Raised by a handler: not now, without counting it as a failure. It is never made a dead letter."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(f"again in {delay_s} s")
        self.delay_s = delay_s


@dataclass(frozen=True, slots=True)
class Retry:
    """``attempts`` before a dead letter (None: never); ``delays_s`` between them, the last one repeated."""

    attempts: int | None = 8
    delays_s: tuple[float, ...] = (0.5, 2.0, 10.0, 30.0, 120.0)

    def delay_s(self, attempt: int) -> float:
        return self.delays_s[min(attempt, len(self.delays_s)) - 1]


DEFAULT_RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Done:
    """Acknowledge."""


@dataclass(frozen=True, slots=True)
class Again:
    """Deliver once more, not before ``delay_s``."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Dead:
    """Set aside with the last ``error``."""

    error: Exception


class Judge:
    """Runs one consumer's handler and decides. Remembers which deliveries were only put off."""

    def __init__(self, durable: str, handler: Handler, retry: Retry) -> None:
        self._durable = durable
        self._handler = handler
        self._retry = retry
        self._put_off: dict[int, int] = {}

    async def handle(self, delivery: Delivery) -> Done | Again | Dead:
        try:
            await self._handler(delivery)
        except RetryLater as error:
            return self._defer(delivery, error.delay_s)
        except Unavailable as error:
            # The database or a store is away: an hour of that must not turn a queue into dead letters.
            return self._defer(delivery, error.retry_after_s or self._retry.delay_s(delivery.attempt))
        except Exception as error:  # noqa: BLE001 - the edge of the process: logged, counted, tried again
            return self._fail(delivery, error)
        self._put_off.pop(delivery.sequence, None)
        return Done()

    def _defer(self, delivery: Delivery, delay_s: float) -> Again:
        self._put_off[delivery.sequence] = self._put_off.get(delivery.sequence, 0) + 1
        return Again(delay_s)

    def _fail(self, delivery: Delivery, error: Exception) -> Again | Dead:
        failures = max(delivery.attempt - self._put_off.get(delivery.sequence, 0), 1)
        is_last = self._retry.attempts is not None and failures >= self._retry.attempts
        code = error.code if isinstance(error, GongzhenError) else type(error).__name__
        logger.log(
            logging.ERROR if is_last else logging.WARNING,
            "handler gave up: dead letter" if is_last else "handler failed: again later",
            extra=fields(consumer=self._durable, event_id=delivery.message_id, attempt=failures, code=code),
            exc_info=error,
        )
        if is_last:
            self._put_off.pop(delivery.sequence, None)
            return Dead(error)
        return Again(self._retry.delay_s(failures))
