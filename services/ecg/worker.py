"""The ECG centre's worker: ``python -m services.ecg.worker``."""

import asyncio

from services.ecg.queries.recordings import keys_in_use
from services.ecg.settings import EcgSettings
from shared.reading.consumers import reading_loops, storage_loops
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import core_loops, run_loops, stop_on_signals


async def run(settings: EcgSettings | None = None) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings or EcgSettings()
    configure_logging("ecg-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        loops = [*core_loops(resources), *reading_loops(resources, "ecg"), *storage_loops(resources, keys_in_use)]
        await run_loops(loops, stop_on_signals(), settings.ready_file)
    finally:
        await resources.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
