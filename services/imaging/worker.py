"""The imaging centre's worker: ``python -m services.imaging.worker``."""

import asyncio
from functools import partial

from services.imaging.queries.instances import keys_in_use
from services.imaging.settings import ImagingSettings
from services.imaging.uploads.sweep import ABANDONED_S, EXPIRED_S, drop_expired, finish_abandoned
from shared.reading.consumers import reading_loops, storage_loops
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, every, run_loops, stop_on_signals


async def run(settings: ImagingSettings | None = None) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings or ImagingSettings()
    configure_logging("imaging-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        loops = [
            *core_loops(resources),
            *reading_loops(resources, "imaging"),
            *storage_loops(resources, keys_in_use),
            every("uploads-expired", EXPIRED_S, partial(drop_expired, resources)),
            every("uploads-abandoned", ABANDONED_S, partial(finish_abandoned, resources)),
        ]
        await run_loops(loops, stop_on_signals(), settings.ready_file)
    finally:
        await resources.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
