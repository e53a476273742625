"""The gateway: accounts and the region's facts; the read side of all centres."""

from fastapi import FastAPI

from services.gateway import metrics
from services.gateway.accounts.bootstrap import on_start as start_accounts
from services.gateway.accounts.routes import router as accounts_router
from services.gateway.api import (
    cases,
    claims,
    critical_indicators,
    criticals,
    docs,
    feed,
    live,
    prior,
    reports,
    verify,
    verify_page,
    worklist,
)
from services.gateway.api.admin import router as admin_router
from services.gateway.api.open_waits import OpenWaits
from services.gateway.api.pulse import Pulse
from services.gateway.api.rate_limit import RateLimit
from services.gateway.api.recent_reads import RecentReads
from services.gateway.api.verdict import Verifier
from services.gateway.settings import GatewaySettings
from shared.resources import Resources
from shared.web import build_app

# What has a path of its own comes before the record whose path would take it: the feed and verification before the
# plain report, events and indicators before the critical result.
_ROUTERS = [
    accounts_router,
    admin_router,
    live.router,
    worklist.router,
    cases.router,
    critical_indicators.router,
    criticals.router,
    prior.router,
    claims.router,
    feed.router,
    verify.router,
    reports.router,
    verify_page.router,
    docs.router,
]


def create_app(settings: GatewaySettings | None = None, resources: Resources | None = None) -> FastAPI:
    own = settings or GatewaySettings()
    pulses: list[Pulse] = []

    async def on_start(app: FastAPI) -> None:
        await start_accounts(app)
        opened: Resources = app.state.resources
        pulse = Pulse(opened.db, opened.bus)
        await pulse.start()
        pulses.append(pulse)
        app.state.pulse = pulse
        app.state.recent_reads = RecentReads()
        app.state.report_verifier = Verifier(opened.db)
        app.state.open_polls = OpenWaits(own.waits_per_account)
        app.state.open_streams = OpenWaits(own.waits_per_account)
        app.state.verify_limit = RateLimit(own.verify_per_minute)
        app.state.page_limit = RateLimit(own.verify_pages_per_minute)

    async def on_stop(app: FastAPI) -> None:
        while pulses:
            await pulses.pop().stop()

    return build_app(
        "gateway",
        "共诊 网关",
        own,
        _ROUTERS,
        resources=resources,
        metric_refreshers=lambda registry: metrics.refreshers(registry, lambda: pulses[0] if pulses else None),
        on_start=on_start,
        on_stop=on_stop,
    )
