"""The durable consumers: two a centre, so that a report whose file is late holds up no worklist."""

import asyncio
from functools import partial

from services.gateway.projections.cases import project_case
from services.gateway.projections.criticals import project_critical
from services.gateway.projections.files import ReportRefused, VerifiedReport, fetch_and_verify
from services.gateway.projections.reports import RELEASES, KeptFiles, kind_of, project_release, project_void
from services.gateway.queries import reports
from services.gateway.queries.roots import trust_roots
from shared.bus import Delivery
from shared.events.envelope import Envelope
from shared.events.report import ReportEvent
from shared.outbox import handle_once
from shared.resources import Resources
from shared.telemetry import correlation_id
from shared.worker import Loop

CENTERS = ("imaging", "ecg", "lab")
ANNOUNCEMENT = "live.gateway"
"""Says that a counter may have moved; who listens looks at the counters."""
_CONCURRENCY = 4


def cases_durable(center: str) -> str:
    return f"gateway_cases_{center}"


def reports_durable(center: str) -> str:
    return f"gateway_reports_{center}"


def projection_loops(resources: Resources) -> list[Loop]:
    loops = []
    for center in CENTERS:
        loops.append(Loop(cases_durable(center), partial(follow_cases, resources, center)))
        loops.append(Loop(reports_durable(center), partial(follow_reports, resources, center)))
    return loops


async def follow_cases(
    resources: Resources, center: str, stop: asyncio.Event, *, ready: asyncio.Event | None = None
) -> None:
    await resources.bus.consume(
        stream=center.upper(),
        durable=cases_durable(center),
        subjects=[f"{center}.case.>", f"{center}.report.>", f"{center}.critical.>"],
        handler=partial(on_case_event, resources, center),
        stop=stop,
        concurrency=_CONCURRENCY,
        ready=ready,
    )


async def follow_reports(
    resources: Resources, center: str, stop: asyncio.Event, *, ready: asyncio.Event | None = None
) -> None:
    await resources.bus.consume(
        stream=center.upper(),
        durable=reports_durable(center),
        subjects=[f"{center}.report.>"],
        handler=partial(on_report_event, resources, center),
        stop=stop,
        concurrency=_CONCURRENCY,
        ready=ready,
    )


async def on_case_event(resources: Resources, center: str, delivery: Delivery) -> None:
    event = Envelope.from_bytes(delivery.data)
    _require_own(event, center)
    project = project_critical if "critical" in event.data else project_case if "case" in event.data else None
    if project is not None and await handle_once(resources.db, cases_durable(center), event, project):
        await resources.bus.announce(ANNOUNCEMENT, b"")


async def on_report_event(resources: Resources, center: str, delivery: Delivery) -> None:
    event = Envelope.from_bytes(delivery.data)
    correlation_id.set(event.correlation_id)
    kind, consumer = kind_of(event), reports_durable(center)
    if kind not in {*RELEASES, "voided"}:
        return
    _require_own(event, center)
    data = ReportEvent.model_validate(event.data)
    if kind == "voided":
        done = await handle_once(
            resources.db, consumer, event, lambda session, event: project_void(session, event, data)
        )
    else:
        async with resources.db.transaction() as session:
            if await reports.is_handled(session, consumer, event.id):
                return
            roots = await trust_roots(session)
        try:
            verified = await fetch_and_verify(data, resources.region_blobs, roots, attempt=delivery.attempt)
        except ReportRefused as error:
            await _raise_alarm(resources, event, data, error)
            raise
        kept = await _keep(resources, verified)
        done = await handle_once(
            resources.db,
            consumer,
            event,
            lambda session, event: project_release(session, event, data, verified, kept),
        )
    if done:
        await resources.bus.announce(ANNOUNCEMENT, b"")


def _require_own(event: Envelope, center: str) -> None:
    """A centre speaks of its own cases only; the stream says which centre it was."""
    named = (event.data.get("critical") or event.data.get("case", {})).get("center", center)
    if not event.type.startswith(f"{center}.") or named != center:
        raise ReportRefused("事件来自其他中心", code="foreign_event")


async def _raise_alarm(resources: Resources, event: Envelope, data: ReportEvent, error: ReportRefused) -> None:
    """Visible at once (metric, administration); the event itself becomes a dead letter that can be replayed."""
    async with resources.db.transaction() as session:
        await reports.put_refusal(
            session,
            event.id,
            center=data.case.center,
            report_id=data.report.report_id,
            version=data.report.version,
            code=error.code,
        )


async def _keep(resources: Resources, verified: VerifiedReport) -> KeptFiles:
    """The centre's store may go away. A crash before the row is there leaves bytes for the sweep."""
    if verified.pdf is None:
        return KeptFiles(await resources.blobs.put(verified.jws, content_type="application/jose+json"), None)
    jws, pdf = await resources.blobs.put_pack([verified.jws, verified.pdf])
    return KeptFiles(jws, pdf)
