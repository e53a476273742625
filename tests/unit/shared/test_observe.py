"""What the middleware adds to every answer, and what a stranger cannot make it remember."""

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.web.observe import Observe


async def patient(_: Request) -> Response:
    return JSONResponse({"name": "测试甲"})


async def keys(_: Request) -> Response:
    return JSONResponse({"keys": []}, headers={"Cache-Control": "public, max-age=60"})


async def script(_: Request) -> Response:
    return PlainTextResponse("let a", media_type="text/javascript")


async def bug(_: Request) -> Response:
    raise OverflowError("of 测试甲")


async def broken_off(_: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise OverflowError

    return StreamingResponse(chunks())


ROUTES = {"/patient": patient, "/keys": keys, "/script": script, "/bug": bug, "/broken-off": broken_off}


def client(registry: CollectorRegistry) -> httpx.AsyncClient:
    routes = [Route(path, endpoint) for path, endpoint in ROUTES.items()]
    app = Starlette(routes=routes, middleware=[Middleware(Observe, registry=registry, service="imaging")])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_no_cache_keeps_what_an_answer_says_of_a_patient() -> None:
    async with client(CollectorRegistry()) as http:
        assert (await http.get("/patient")).headers["cache-control"] == "private, no-store"
        assert (await http.get("/keys")).headers["cache-control"] == "public, max-age=60"
        assert "cache-control" not in (await http.get("/script")).headers


async def test_invented_methods_are_one_line_of_the_metrics() -> None:
    registry = CollectorRegistry()
    async with client(registry) as http:
        await http.get("/patient")
        for number in range(5):
            await http.request(f"INVENTED{number}", "/patient")
    text = generate_latest(registry).decode()
    assert "INVENTED" not in text
    assert 'method="other"' in text and 'method="GET"' in text


async def test_a_bug_costs_its_own_request_and_not_the_connection() -> None:
    """What a server hears of as an exception makes it close the connection, on which the front door may just be
    sending somebody else's upload: his answer would be a 503."""
    async with client(CollectorRegistry()) as http:
        answer = await http.get("/bug")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"] != ""
    assert "测试甲" not in answer.text


async def test_an_answer_that_cannot_be_finished_breaks_the_connection_off() -> None:
    async with client(CollectorRegistry()) as http:
        with pytest.raises(OverflowError):
            await http.get("/broken-off")
