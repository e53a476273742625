"""The imaging centre's worker: ``python -m services.imaging.worker``."""

import asyncio

from services.imaging.intake.orphans import drop_orphans
from services.imaging.intake.quarantine import drop_expired, enforce_quota
from services.imaging.settings import ImagingSettings
from shared.reading.consumers import reading_loops
from shared.reading.workflow.stored_files import SWEEP_S, drop_unnamed_files
from shared.resources import Resources
from shared.telemetry import configure_logging
from shared.worker import Loop, core_loops, every, run_loops, stop_on_signals

_SWEEP_S = 3600.0
_QUOTA_S = 60.0  # how long a broken workstation may write beyond its clinic's quota


def imaging_loops(resources: Resources, settings: ImagingSettings) -> list[Loop]:
    return [
        every("quarantine-sweep", _SWEEP_S, lambda: drop_expired(resources, settings)),
        every("quarantine-quota", _QUOTA_S, lambda: enforce_quota(resources, settings)),
        every("orphan-sweep", _SWEEP_S, lambda: drop_orphans(resources, settings)),
        every("region-sweep", SWEEP_S, lambda: drop_unnamed_files(resources.db, resources.region_blobs)),
    ]


async def run(settings: ImagingSettings | None = None) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings or ImagingSettings()
    configure_logging("imaging-worker", settings.log_level)
    resources = await Resources.open(settings)
    try:
        loops = [*core_loops(resources), *reading_loops(resources, "imaging"), *imaging_loops(resources, settings)]
        await run_loops(loops, stop_on_signals(), settings.ready_file)
    finally:
        await resources.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
