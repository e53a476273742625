"""/healthz: the process lives. /readyz: its database, bus and blobs answer. /metrics: Prometheus text."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from shared import outbox
from shared.errors import GongzhenError
from shared.resources import Resources
from shared.web.actor import CurrentResources

_TIMEOUT_S = 5


def health_router(app: FastAPI, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    lag_count = Gauge("gongzhen_outbox_unsent", "Events not sent yet", registry=registry)
    lag_age = Gauge("gongzhen_outbox_oldest_seconds", "Age of the oldest unsent event", registry=registry)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(resources: CurrentResources) -> JSONResponse:
        parts = {
            "database": resources.db.check(),
            "nats": resources.bus.check(),
            "blobs": resources.blobs.check(),
            "region_blobs": resources.region_blobs.check(),
        }
        answers = dict(zip(parts, await asyncio.gather(*map(_answers, parts.values())), strict=True))
        good = all(answer == "ok" for answer in answers.values())
        return JSONResponse({"ready": good, "parts": answers}, status_code=200 if good else 503)

    @router.get("/metrics")
    async def metrics(resources: CurrentResources) -> Response:
        async with resources.db.transaction() as session:
            count, age_s = await outbox.lag(session)
        lag_count.set(count)
        lag_age.set(age_s)
        for refresh in app.state.metric_refreshers:
            await refresh(resources)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _answers(check: Awaitable[None]) -> str:
    try:
        await asyncio.wait_for(check, _TIMEOUT_S)
    except TimeoutError:
        return "no answer"
    except GongzhenError as error:
        return error.code
    return "ok"


__all__ = ["Resources", "health_router"]
