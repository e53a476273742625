"""The laboratory centre's worker: ``python -m services.lab.worker``."""

import asyncio

from services.lab.intake.listening import listener_loops
from services.lab.queries.messages import keys_in_use
from services.lab.settings import LabSettings
from shared.reading.consumers import reading_loops, storage_loops
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, run_loops, stop_on_signals


async def run(settings: LabSettings | None = None) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings or LabSettings()
    configure_logging("lab-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        loops = [
            *core_loops(resources),
            *reading_loops(resources, "lab"),
            *storage_loops(resources, keys_in_use),
            *listener_loops(resources.db, settings),
        ]
        await run_loops(loops, stop_on_signals(), settings.ready_file)
    finally:
        await resources.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
