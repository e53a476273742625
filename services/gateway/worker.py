"""The gateway's worker: projections of the centres' events, and what every worker does."""

import asyncio
from datetime import timedelta

from services.gateway.accounts.bootstrap import account_loops
from services.gateway.projections.consumers import projection_loops
from services.gateway.queries import feed
from services.gateway.settings import GatewaySettings
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, every, run_loops, stop_on_signals

_SWEEP_S = 600.0


async def run() -> None:
    settings = GatewaySettings()
    configure_logging("gateway-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        sweep = every("live-event-sweep", _SWEEP_S, lambda: _sweep(resources, settings.live_events_hours))
        loops = [*core_loops(resources), *projection_loops(resources), *account_loops(resources), sweep]
        await run_loops(loops, stop_on_signals(), settings.ready_file)
    finally:
        await resources.close()


async def _sweep(resources: Resources, hours: int) -> None:
    async with resources.db.transaction() as session:
        await feed.sweep_live(session, timedelta(hours=hours))


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
