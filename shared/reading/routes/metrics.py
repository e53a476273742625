"""What an operator watches of a centre: cases by state, the oldest that waits, how soon reports are signed."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge, Histogram

from shared.db import database_now
from shared.reading.lifecycle import CriticalState, lifecycle_of
from shared.reading.models import Case, ReportVersion
from shared.reading.queries import cases, criticals
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

        self._criticals = Gauge("gongzhen_criticals", "Critical results by state", ["center", "state"], registry=None)
        self._critical_steps = Gauge(
            "gongzhen_critical_steps",
            "Over all critical results: wrong read-backs, clinics not reached, reminders, escalations",
            ["center", "step"],
            registry=None,
        )
        self._criticals_late = Gauge(
            "gongzhen_criticals_late",
            "Critical results that no clinic has although their time is over: call somebody",
            ["center"],
            registry=None,
        )

    def register(self, registry: CollectorRegistry) -> Sequence[MetricRefresher]:
        gauges = (self._cases, self._oldest, self._criticals, self._critical_steps, self._criticals_late)
        for collector in (*gauges, self._turnaround):
            registry.register(collector)
        return [self._refresh, self._refresh_criticals]

    def observe(self, case: Case, version: ReportVersion) -> None:
        if version.turnaround_s is not None:
            self._turnaround.labels(self._center, case.priority).observe(version.turnaround_s)

    async def _refresh(self, resources: Resources) -> None:
        async with resources.db.transaction() as session:
            counts = await cases.cases_by_state(session, self._center)
            oldest = await cases.oldest_queued_at(session, self._center)
            now = await database_now(session)
        for state in sorted(lifecycle_of(self._center).states):
            self._cases.labels(self._center, state).set(counts.get(state, 0))
        self._oldest.labels(self._center).set((now - oldest).total_seconds() if oldest else 0)

    async def _refresh_criticals(self, resources: Resources) -> None:
        async with resources.db.transaction() as session:
            counts = await criticals.count_by_state(session, self._center)
            totals = await criticals.totals(session, self._center)
            late = await criticals.late(session, self._center, await database_now(session))
        for state in CriticalState:
            self._criticals.labels(self._center, str(state)).set(counts.get(str(state), 0))
        for step, count in zip(("misread", "unreached", "reminded", "escalated"), totals, strict=True):
            self._critical_steps.labels(self._center, step).set(count)
        self._criticals_late.labels(self._center).set(late)
