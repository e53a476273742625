"""What the middleware adds to every answer, and what a stranger cannot make it remember."""

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shared.web.observe import Observe


async def patient(_: Request) -> Response:
    return JSONResponse({"name": "测试甲"})


async def keys(_: Request) -> Response:
    return JSONResponse({"keys": []}, headers={"Cache-Control": "public, max-age=60"})


async def script(_: Request) -> Response:
    return PlainTextResponse("let a", media_type="text/javascript")


def client(registry: CollectorRegistry) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/patient", patient), Route("/keys", keys), Route("/script", script)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(Observe(app, registry, "imaging")), base_url="http://test")


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
