"""One connection to NATS that is never given up.

``nats-py`` reconnects by itself, but it closes for good on some refusals (a password that a restarting server does not
know yet, too many connections). Then a new client takes its place; whoever uses ``client()`` finds it.
"""

import asyncio
import logging
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from shared.errors import TooLarge, Unavailable
from shared.telemetry import fields

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 3
_RECONNECT_WAIT_S = 0.5
_REQUEST_TIMEOUT_S = 5.0
_FULL = frozenset({10077, 10023, 10047})  # maximum bytes exceeded; insufficient resources; …storage


class Connection:
    def __init__(self, servers: Sequence[str], name: str, tls_ca: Path | None, inbox_prefix: str = "_INBOX") -> None:
        """Answers come under ``inbox_prefix``: a service's user hears its own only."""
        self._servers = list(servers)
        self._name = name
        self._inbox_prefix = inbox_prefix
        self._tls = ssl.create_default_context(cafile=str(tls_ca)) if tls_ca else None
        self._client = Client()
        self._is_up = asyncio.Event()
        self._is_closing = False
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep(), name="nats")

    async def client(self, timeout_s: float = _REQUEST_TIMEOUT_S) -> Client:
        """The connected client, or ``Unavailable`` when there is none within ``timeout_s``."""
        if not self._is_up.is_set():
            try:
                await asyncio.wait_for(self._is_up.wait(), timeout_s)
            except TimeoutError:
                if self._keeper is not None and self._keeper.done():
                    self._keeper.result()  # not away but misconfigured: say what
                raise Unavailable(code="bus_unavailable", retry_after_s=5) from None
        return self._client

    async def jetstream(self, timeout_s: float = _REQUEST_TIMEOUT_S) -> JetStreamContext:
        return (await self.client(timeout_s)).jetstream(timeout=_REQUEST_TIMEOUT_S)

    async def close(self) -> None:
        self._is_closing = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._is_up.clear()
        if not self._client.is_closed:
            await self._client.close()

    async def _keep(self) -> None:
        while True:
            client, is_closed = Client(), asyncio.Event()
            self._client = client
            await self._connect(client, is_closed)
            self._is_up.set()
            await is_closed.wait()
            self._is_up.clear()
            await asyncio.sleep(_RECONNECT_WAIT_S)  # a server that refuses us must not be asked without pause

    async def _connect(self, client: Client, is_closed: asyncio.Event) -> None:
        """Returns when connected, however long that takes."""

        async def on_disconnect() -> None:
            self._is_up.clear()
            if not self._is_closing:
                logger.warning("NATS is away")

        async def on_reconnect() -> None:
            self._is_up.set()
            logger.info("NATS is back")

        async def on_close() -> None:
            is_closed.set()

        await client.connect(
            self._servers,
            name=self._name,
            inbox_prefix=self._inbox_prefix,
            tls=self._tls,
            error_cb=_log_error,
            disconnected_cb=on_disconnect,
            reconnected_cb=on_reconnect,
            closed_cb=on_close,
            connect_timeout=_CONNECT_TIMEOUT_S,
            reconnect_time_wait=_RECONNECT_WAIT_S,  # type: ignore[arg-type]  # annotated int, used as seconds
            max_reconnect_attempts=-1,
            ping_interval=10,  # a peer that vanished without a word is noticed in 30 s
        )


async def _log_error(error: Exception) -> None:
    """A refused connection comes twice a second while NATS is away; that was said once. A missing right is not."""
    if "permissions violation" in str(error):
        logger.error("NATS refuses a subject: this service's user has no right to it")
        return
    logger.debug("NATS connection", extra=fields(kind=type(error).__name__))


@contextmanager
def own_errors() -> Iterator[None]:
    """What ``nats-py`` raises becomes ours; only the class and code of a server's answer are kept."""
    try:
        yield
    except nats.errors.MaxPayloadError as error:
        raise TooLarge(code="event_too_large") from error
    except nats.js.errors.APIError as error:
        code = "bus_full" if error.err_code in _FULL else "bus_unavailable"
        raise Unavailable(code=code, retry_after_s=5) from error
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Unavailable(code="bus_unavailable", retry_after_s=5) from error
