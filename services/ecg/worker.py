"""The ECG centre's worker: ``python -m services.ecg.worker``."""

import asyncio

from services.ecg.settings import EcgSettings
from shared.reading.consumers import reading_loops
from shared.reading.workflow.stored_files import SWEEP_S, drop_unnamed_files
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, every, run_loops, stop_on_signals


async def run(settings: EcgSettings | None = None) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings or EcgSettings()
    configure_logging("ecg-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        await run_loops(
            [
                *core_loops(resources),
                *reading_loops(resources, "ecg"),
                every("region-sweep", SWEEP_S, lambda: drop_unnamed_files(resources.db, resources.region_blobs)),
            ],
            stop_on_signals(),
            settings.ready_file,
        )
    finally:
        await resources.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
