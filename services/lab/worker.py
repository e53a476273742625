"""The laboratory centre's worker: ``python -m services.lab.worker``."""

import asyncio

from services.lab.settings import LabSettings
from shared.reading.consumers import reading_loops
from shared.reading.workflow.stored_files import SWEEP_S, drop_unnamed_files
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, every, run_loops, stop_on_signals


async def run(settings: LabSettings | None = None) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings or LabSettings()
    configure_logging("lab-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        await run_loops(
            [
                *core_loops(resources),
                *reading_loops(resources, "lab"),
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
