"""What an operator of the laboratory watches beside its cases: what came in and could not go on by itself."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from services.lab.intake.apply import MOST_TRIES
from services.lab.queries.backlog import backlog
from shared.resources import Resources
from shared.web.app import MetricRefresher


class LabMetrics:
    def __init__(self) -> None:
        self._backlog = Gauge(
            "gongzhen_lab_waiting",
            "Messages not applied yet, messages given up after their tries, orphans and unknown codes nobody settled",
            ["what"],
            registry=None,
        )

    def register(self, registry: CollectorRegistry) -> Sequence[MetricRefresher]:
        registry.register(self._backlog)
        return [self._refresh]

    async def _refresh(self, resources: Resources) -> None:
        async with resources.db.look_up() as session:
            for what, count in (await backlog(session, MOST_TRIES)).items():
                self._backlog.labels(what).set(count)
