"""What operators watch of the gateway's read side."""

from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CollectorRegistry, Gauge

from services.gateway.api.pulse import Pulse
from services.gateway.projections.consumers import CENTERS, cases_durable, reports_durable
from services.gateway.queries import criticals, feed, reports
from shared.bus import DEAD_LETTERS
from shared.errors import NotFound, Unavailable
from shared.resources import Resources

Refresher = Callable[[Resources], Awaitable[None]]


def refreshers(registry: CollectorRegistry, pulse: Callable[[], Pulse | None]) -> Sequence[Refresher]:
    lag = Gauge(
        "gongzhen_projection_waiting",
        "Events that a projection has not taken, delivered or not",
        ["durable"],
        registry=registry,
    )
    head = Gauge("gongzhen_feed_head", "Number of the feed's last line", registry=registry)
    refused = Gauge(
        "gongzhen_reports_refused",
        "Released reports that do not verify and are not served: call somebody",
        ["center"],
        registry=registry,
    )
    open_criticals = Gauge(
        "gongzhen_region_criticals_open", "Critical results not closed", ["center"], registry=registry
    )
    late_criticals = Gauge(
        "gongzhen_region_criticals_late",
        "Critical results that no clinic has although their time is over: call somebody",
        ["center"],
        registry=registry,
    )
    dead = Gauge("gongzhen_dead_letters", "Events that a consumer gave up and nobody has replayed", registry=registry)
    fill = Gauge(
        "gongzhen_stream_fill_ratio",
        "Share of a message stream's size limit in use; a full one refuses: act at 0.7",
        ["stream"],
        registry=registry,
    )
    streams = Gauge("gongzhen_event_streams_open", "Open worklist event streams", registry=registry)

    async def refresh_database(resources: Resources) -> None:
        async with resources.db.transaction() as session:
            heads = await feed.heads(session)
            refusals = await reports.count_refusals(session)
            open_counts = await criticals.open_counts(session)
        head.set(heads["reports"].n)
        for center in CENTERS:
            refused.labels(center).set(refusals.get(center, 0))
            is_open, is_late = open_counts.get(center, (0, 0))
            open_criticals.labels(center).set(is_open)
            late_criticals.labels(center).set(is_late)

    async def refresh_lag(resources: Resources) -> None:
        for center in CENTERS:
            for durable in (cases_durable(center), reports_durable(center)):
                try:
                    pending = await resources.bus.pending(center.upper(), durable)
                except (NotFound, Unavailable):
                    continue
                lag.labels(durable).set(pending.waiting + pending.unsettled)

    async def refresh_fill(resources: Resources) -> None:
        try:
            usages = await resources.bus.stream_usage()
        except Unavailable:
            return
        for usage in usages:
            fill.labels(usage.stream).set(usage.ratio)
            if usage.stream == DEAD_LETTERS:
                dead.set(usage.messages)

    async def refresh_streams(_: Resources) -> None:
        current = pulse()
        streams.set(current.followers if current else 0)

    return [refresh_database, refresh_lag, refresh_fill, refresh_streams]
