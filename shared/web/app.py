"""``build_app``: everything a service's application has besides its own routers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from shared.migrate import require_schema
from shared.resources import Resources
from shared.settings import Settings
from shared.telemetry import configure_logging
from shared.web import problems
from shared.web.health import health_router
from shared.web.observe import Observe

MetricRefresher = Callable[[Resources], Awaitable[None]]


def build_app(
    service: str,
    title: str,
    settings: Settings,
    routers: Sequence[APIRouter],
    *,
    resources: Resources | None = None,
    metric_refreshers: Callable[[CollectorRegistry], Sequence[MetricRefresher]] | None = None,
    on_start: Callable[[FastAPI], Awaitable[None]] | None = None,
    on_stop: Callable[[FastAPI], Awaitable[None]] | None = None,
) -> FastAPI:
    """The application of one service. With ``resources`` given (tests) they are used and left open.

    ``on_stop`` ends what ``on_start`` began, while the resources are still open.
    """
    registry = CollectorRegistry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = resources
        if opened is None:
            configure_logging(service, settings.log_level)
            opened = await Resources.open(settings)
        app.state.resources = opened
        try:
            await require_schema(opened.db, service)
            if on_start is not None:
                await on_start(app)
            try:
                yield
            finally:
                if on_stop is not None:
                    await on_stop(app)
        finally:
            if resources is None:
                await opened.close()

    app = FastAPI(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"/{service}/openapi.json",
    )
    app.state.metric_refreshers = list(metric_refreshers(registry)) if metric_refreshers else []
    app.state.registry = registry
    app.add_middleware(Observe, registry=registry, service=service)
    problems.install(app)
    app.include_router(health_router(app, registry))
    for router in routers:
        app.include_router(router)
    return app
