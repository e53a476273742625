"""One middleware: correlation id, one log line and one measurement a request; bad paths refused, bugs answered."""

import logging
import re
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import GongzhenError, Unreadable
from shared.telemetry import correlation_id, fields, new_correlation_id
from shared.web.problems import problem

logger = logging.getLogger(__name__)

_ACCEPTED_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})


class Observe:
    """Pure ASGI, so that streamed bodies and server-sent events pass untouched."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, service: str) -> None:
        self._app = app
        self._service = service
        self._seconds = Histogram(
            "gongzhen_http_request_seconds",
            "Time to the end of the answer",
            ["service", "method", "route", "status"],
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
        )
        self._failures = Counter(
            "gongzhen_http_failures_total", "Answers of 5xx", ["service", "route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._begin_correlation(scope)
        started = time.perf_counter()
        status, has_begun = 500, False

        async def observed_send(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                message["headers"] = _with_ours(message.get("headers", []))
            await send(message)

        try:
            if not _is_storable(scope):
                await problem(Unreadable("地址中含有无效字符"))(scope, receive, observed_send)
            else:
                await self._app(scope, receive, observed_send)
        except Exception as error:
            # An answer that has begun can only be broken off. Otherwise the server must not hear of it: it would close
            # the connection, on which the front door may just be sending somebody else's upload.
            if has_begun:
                raise
            logger.error("unexpected error", extra=fields(route=_template(scope)), exc_info=error)
            await problem(GongzhenError())(scope, receive, observed_send)
        finally:
            self._finish(scope, status, time.perf_counter() - started)

    @staticmethod
    def _begin_correlation(scope: Scope) -> None:
        """Caddy hands on an id; any other caller's is taken when it looks like one and cannot carry a name."""
        given = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("latin-1")
        if given.startswith("cor_") and _ACCEPTED_ID.match(given):
            correlation_id.set(given)
        else:
            new_correlation_id()

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        if route in _QUIET_ROUTES:
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"  # a client may invent any number
        self._seconds.labels(self._service, method, route, str(status)).observe(seconds)
        if status >= 500:
            self._failures.labels(self._service, route).inc()
        logger.info(
            "request",
            extra=fields(method=method, route=route, status=status, duration_ms=round(seconds * 1000, 1)),
        )


def _with_ours(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What an answer says as JSON may be of a patient: on a shared computer no cache keeps it, unless its route says
    otherwise."""
    given = {name.lower(): value for name, value in headers}
    ours = [(b"x-correlation-id", correlation_id.get().encode()), (b"x-content-type-options", b"nosniff")]
    if b"cache-control" not in given and b"json" in given.get(b"content-type", b""):
        ours.append((b"cache-control", b"private, no-store"))
    return [*headers, *ours]


def _template(scope: Scope) -> str:
    """The route as written in the code: a path itself may hold a patient's number."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "unmatched"))


def _is_storable(scope: Scope) -> bool:
    """No NUL and only valid UTF-8: neither could be compared with a column."""
    query = scope.get("query_string", b"")
    if "\x00" in scope["path"] or b"%00" in query:
        return False
    try:
        scope["path"].encode()
    except UnicodeEncodeError:
        return False
    return True
