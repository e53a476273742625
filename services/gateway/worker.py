"""The gateway's worker: projections of the centres' events, and what every worker does."""

import asyncio

from services.gateway.accounts.bootstrap import account_loops
from services.gateway.projections.consumers import projection_loops
from services.gateway.projections.sweep import sweep_blobs, sweep_live_events
from services.gateway.settings import GatewaySettings
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, every, run_loops, stop_on_signals


async def run() -> None:
    settings = GatewaySettings()
    configure_logging("gateway-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        sweeps = [
            every("live-event-sweep", 600.0, lambda: sweep_live_events(resources, settings.live_events_hours)),
            every("blob-sweep", 6 * 3600.0, lambda: sweep_blobs(resources)),
        ]
        loops = [*core_loops(resources), *projection_loops(resources), *account_loops(resources), *sweeps]
        await run_loops(loops, stop_on_signals(), settings.ready_file)
    finally:
        await resources.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
