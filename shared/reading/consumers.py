"""The worker's part: received cases are queued, leases end, promises and critical results are watched."""

import asyncio
from functools import partial

from shared.bus.message import Delivery
from shared.db import Session
from shared.events.envelope import Envelope
from shared.outbox import handle_once
from shared.reading.workflow import sweeps
from shared.reading.workflow.assign import queue
from shared.reading.workflow.criticals import sweeps as critical_sweeps
from shared.reading.workflow.orphans import KeysInUse, drop_orphans
from shared.reading.workflow.quarantine import drop_expired, enforce_quota
from shared.reading.workflow.stored_files import SWEEP_S, drop_unnamed_files
from shared.resources import Resources, center_settings
from shared.worker import Loop, every

LEASES_S = 1.0
TURNAROUND_S = 5.0
CRITICALS_S = 1.0
RECEIVED_S = 2.0
QUOTA_S = 60.0  # how long a broken workstation may write beyond its clinic's quota
_HOUR_S = 3600.0


def reading_loops(resources: Resources, center: str) -> list[Loop]:
    """What a centre's worker runs besides ``core_loops``. Two workers of one centre do no harm to each other."""
    db, ready = resources.db, asyncio.Event()
    return [
        Loop("reading-received", partial(follow_received, resources, center, ready), ready),
        every("reading-leases", LEASES_S, partial(sweeps.expire_claims, db, center)),
        every("reading-turnaround", TURNAROUND_S, partial(sweeps.watch_turnaround, db, center)),
        every("reading-unqueued", RECEIVED_S, partial(sweeps.queue_received, db, center)),
        every("reading-criticals", CRITICALS_S, partial(critical_sweeps.watch, db, center)),
        every("reading-critical-sites", CRITICALS_S, partial(critical_sweeps.address, db, center)),
        every("reading-keys", _HOUR_S, partial(sweeps.drop_old_keys, db)),
    ]


def storage_loops(resources: Resources, in_use: KeysInUse) -> list[Loop]:
    """What keeps a centre's stores from filling up; ``in_use``: see ``drop_orphans``."""
    hours = center_settings(resources).orphan_hours
    return [
        every("quarantine-sweep", _HOUR_S, partial(drop_expired, resources)),
        every("quarantine-quota", QUOTA_S, partial(enforce_quota, resources)),
        every("orphan-sweep", _HOUR_S, partial(drop_orphans, resources, hours, in_use)),
        every("region-sweep", SWEEP_S, partial(drop_unnamed_files, resources.db, resources.region_blobs)),
    ]


async def follow_received(resources: Resources, center: str, ready: asyncio.Event, stop: asyncio.Event) -> None:
    await resources.bus.consume(
        stream=center.upper(),
        durable=_durable(center),
        subjects=[f"{center}.case.received.v1"],
        handler=partial(on_delivery, resources, center),
        stop=stop,
        ready=ready,
    )


async def on_delivery(resources: Resources, center: str, delivery: Delivery) -> None:
    await handle_once(resources.db, _durable(center), Envelope.from_bytes(delivery.data), on_case_received)


async def on_case_received(session: Session, event: Envelope) -> None:
    """``<center>.case.received.v1``: give the case to a reading site. One that is not whole yet is the sweep's."""
    if event.case_id is not None:
        await queue(session, event.case_id)


def _durable(center: str) -> str:
    return f"{center}_reading"
