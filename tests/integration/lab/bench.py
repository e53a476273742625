"""Quality control, rule sets and trends of a running laboratory: routes on the centre's own database, and controls."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx

from services.lab.api.assessments import assessments_router
from services.lab.api.quality_control import quality_control_router
from services.lab.api.rule_sets import rule_sets_router
from services.lab.api.trend import trend_router
from services.lab.rules.rule_set import RuleSet
from shared.clock import utc_now
from shared.web import build_app
from tests.integration.lab.centre import Centre

QC = "/lab/v1/quality-control"
ANALYZER = "XN1000"


@asynccontextmanager
async def open_bench(centre: Centre, shelf: Mapping[str, RuleSet]) -> AsyncIterator[Centre]:
    """A second app on the centre's resources; ``shelf``: the rule sets it ships."""
    routers = [quality_control_router(), assessments_router(), rule_sets_router(lambda: shelf), trend_router()]
    app = build_app("lab", "测试检验中心", centre.resources.settings, routers, resources=centre.resources)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60) as http,
    ):
        yield Centre(centre.resources, http)


def ago(hours: float) -> datetime:
    return utc_now() - timedelta(hours=hours)


async def new_lot(bench: Centre, lot: str = "LOT1", levels: Sequence[str] = ("L1", "L2"), item: str = "K") -> str:
    """With a target of 4.0 ± 0.1 at every level."""
    named = [{"level": level, "name": f"水平{level}"} for level in levels]
    made = await bench.done(f"{QC}/lots", "lab1", {"lot": lot, "material": "测试质控血清", "levels": named})
    for level in levels:
        await set_target(bench, made["lot_id"], level, item)
    return str(made["lot_id"])


async def set_target(bench: Centre, lot_id: str, level: str, item: str = "K") -> None:
    body = {"level": level, "analyzer": ANALYZER, "item": item, "mean": "4.0", "sd": "0.1"}
    answer = await bench.call("lab1", "PUT", f"{QC}/lots/{lot_id}/targets", body)
    assert answer.status_code == 200, answer.text


async def typed(bench: Centre, lot_id: str, entry: str, at: datetime, **values: str) -> Any:
    """The run; ``values`` by level."""
    points = [{"level": level, "value": value} for level, value in values.items()]
    body = {"entry_id": entry, "lot_id": lot_id, "analyzer": ANALYZER, "item": "K", "points": points}
    (run,) = (await bench.done(f"{QC}/runs", "lab1", {**body, "measured_at": at.isoformat()}))["runs"]
    return run


def control(level: str, value: str, *, control_id: str, lot: str = "LOT1", at: datetime | None = None) -> bytes:
    """A control value of potassium as a haematology analyzer sends it: MSH-11 Q, the lot in PID-3."""
    when = (at or ago(0)).strftime("%Y%m%d%H%M%S+0000")
    return "\r".join(
        (
            f"MSH|^~\\&|{ANALYZER}|LAB|LIS|A|{when[:14]}||ORU^R01^ORU_R01|{control_id}|Q|2.5.1||||||UNICODE UTF-8",
            f"PID|1||{lot}",
            "OBR|1|||00003^LJ QCR^99MRC",
            f"OBX|1|IS|05001^Qc Level^99MRC||{level}||||||F",
            f"OBX|2|NM|2823-3^K^LN||{value}|mmol/L|||||F|||{when}||||{ANALYZER}",
            "",
        )
    ).encode()
