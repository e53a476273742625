"""What an operator watches of a centre: cases by state, the oldest that waits, how soon reports are signed."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge, Histogram

from shared.db import database_now
from shared.reading.lifecycle import State
from shared.reading.models import Case, ReportVersion
from shared.reading.queries import cases
from shared.resources import Resources
from shared.web.app import MetricRefresher

_MINUTES = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 240, 480, 1440)


class ReadingMetrics:
    """``register`` is ``build_app``'s ``metric_refreshers``. Turnaround is observed by the process that signs."""

    def __init__(self, center: str) -> None:
        self._center = center
        self._cases = Gauge("gongzhen_cases", "Cases by state", ["center", "state"], registry=None)
        self._oldest = Gauge(
            "gongzhen_queue_oldest_seconds", "Age of the oldest case that waits for a reader", ["center"], registry=None
        )
        self._turnaround = Histogram(
            "gongzhen_turnaround_seconds",
            "First byte of the upload to the report's release",
            ["center", "priority"],
            registry=None,
            buckets=tuple(60 * minutes for minutes in _MINUTES),
        )

    def register(self, registry: CollectorRegistry) -> Sequence[MetricRefresher]:
        for collector in (self._cases, self._oldest, self._turnaround):
            registry.register(collector)
        return [self._refresh]

    def observe(self, case: Case, version: ReportVersion) -> None:
        if version.turnaround_s is not None:
            self._turnaround.labels(self._center, case.priority).observe(version.turnaround_s)

    async def _refresh(self, resources: Resources) -> None:
        async with resources.db.transaction() as session:
            counts = await cases.cases_by_state(session, self._center)
            oldest = await cases.oldest_queued_at(session, self._center)
            now = await database_now(session)
        for state in State:
            self._cases.labels(self._center, str(state)).set(counts.get(str(state), 0))
        self._oldest.labels(self._center).set((now - oldest).total_seconds() if oldest else 0)
