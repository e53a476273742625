"""A patient's values over time: as reports say them, to whom they are shown."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.lab.queries.rule_sets import shipped
from tests.integration.lab.bench import open_bench
from tests.integration.lab.centre import Centre
from tests.support.lab_oru import Value

OTHER = {"id": "P002", "name": "测试乙", "sex": "F", "birth_date": "1970-01-31"}
NATIONAL_ID = "110101196001310014"


@pytest.fixture
async def bench(centre: Centre) -> AsyncIterator[Centre]:
    async with open_bench(centre, shipped()) as opened:
        yield opened


async def measured(centre: Centre, value: str, *others: Value, **more: Any) -> str:
    """A case with its potassium and ``others``, not yet reported."""
    values = [("K", value), *others]
    ordered = await centre.ordered(*(item for item, _ in values), **more)
    answer = await centre.measured(ordered.number, values)
    assert answer.status_code == 200, answer.text
    return ordered.case_id


async def points(bench: Centre, case_id: str, who: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await bench.shown(f"/lab/v1/cases/{case_id}/trend?item=K{query}", who))["points"]
    return found


async def test_released_values_come_in_order_of_time_with_unit_interval_and_flag(centre: Centre, bench: Centre) -> None:
    first, second = await measured(centre, "4.10"), await measured(centre, "5.6")
    await centre.released(first)
    await centre.released(second)
    case_id = await measured(centre, "4.3")
    found = await points(bench, case_id, "clinic1")
    assert [(each["case_id"], each["value"], each["flag"]) for each in found] == [
        (first, "4.10", "N"),
        (second, "5.6", "H"),
    ]
    assert all(each["unit"] == "mmol/L" and each["interval"] and each["is_released"] for each in found)
    assert [each["case_id"] for each in await points(bench, case_id, "clinic1", "&limit=1")] == [second]


async def test_what_no_report_has_released_is_shown_in_its_laboratory_alone(centre: Centre, bench: Centre) -> None:
    early = await measured(centre, "4.1")
    case_id = await measured(centre, "4.3")
    assert await points(bench, case_id, "clinic1") == []
    found = await points(bench, case_id, "lab1")
    assert [each["case_id"] for each in found] == [early, case_id] and found[0]["number"] == "4.1"
    assert not any(each["is_released"] for each in found)


async def test_a_report_that_corrected_or_kept_back_a_value_is_believed(centre: Centre, bench: Centre) -> None:
    corrected, kept_back = await measured(centre, "4.1"), await measured(centre, "4.2", ("NA", "140"))
    by_hand = {"action": "corrected", "value": "4.4", "reason": "手工复查"}
    await centre.released(corrected, results={"K": by_hand})
    await centre.released(kept_back, results={"K": {"action": "withhold", "reason": "标本溶血"}})
    case_id = await measured(centre, "4.3")
    shown = await points(bench, case_id, "clinic1")
    assert [(each["case_id"], each["value"], each["number"]) for each in shown] == [(corrected, "4.4", "4.4")]


async def test_another_patients_values_and_other_sites_cases_stay_out(centre: Centre, bench: Centre) -> None:
    await centre.released(await measured(centre, "4.1", patient=OTHER))
    case_id = await measured(centre, "4.3")
    assert await points(bench, case_id, "clinic1") == []
    for who in ("clinic2", "lab3"):
        assert (await bench.get(f"/lab/v1/cases/{case_id}/trend?item=K", who)).status_code == 404
    assert (await bench.get(f"/lab/v1/cases/{case_id}/trend?item=NONE", "clinic1")).status_code == 422
    assert (await bench.get(f"/lab/v1/cases/{case_id}/trend", "clinic1")).status_code == 422
    assert (await bench.get(f"/lab/v1/cases/{case_id}/trend?item=K&limit=9999", "clinic1")).status_code == 422


async def test_another_clinics_released_values_of_the_person_are_for_the_laboratory(
    centre: Centre, bench: Centre
) -> None:
    person = {"id": "P001", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31", "national_id": NATIONAL_ID}
    early = await measured(centre, "4.1", patient=person)
    await centre.released(early)
    placed = await centre.done("/lab/v1/orders", "clinic2", {"patient": {**person, "id": "X9"}, "items": ["K"]})
    case_id = placed["cases"][0]["case_id"]
    assert await points(bench, case_id, "clinic2") == []
    assert [each["case_id"] for each in await points(bench, case_id, "lab1")] == [early]
    read = "SELECT detail FROM core.audit_entry WHERE action = 'priors.read' AND account_id = 'acc_lab1'"
    assert await bench.rows(read) == [({"cases": [early]},)]
