"""Between the author's signature and the release, and what earlier reports said."""

import pytest

from services.lab.queries.rule_sets import shipped
from tests.integration.lab.bench import ago, control, new_lot, open_bench
from tests.integration.lab.centre import Centre


async def criticals(centre: Centre, case_id: str) -> list[tuple[str, str]]:
    found = (await centre.shown(f"/lab/v1/cases/{case_id}/criticals"))["criticals"]
    return [(each["state"], each["value"]) for each in found]


async def refused(centre: Centre, case_id: str) -> list[str]:
    """Codes for which lab2 cannot release what lab1 signed."""
    held = await centre.claim(case_id, "lab2", "review-claim")
    await centre.results(case_id, "lab2")
    signed = await centre.post(f"/lab/v1/cases/{case_id}/sign", "lab2", **held, **await centre.grant("lab2"))
    return [] if signed.status_code == 200 else [each["code"] for each in signed.json()["errors"]]


@pytest.mark.parametrize("form", [{}, {"accepted_holds": ["*"]}])
async def test_a_control_that_fails_meanwhile_stops_the_release(centre: Centre, form: dict[str, object]) -> None:
    async with open_bench(centre, shipped()) as bench:
        await new_lot(bench)
        await centre.send(control("L1", "4.05", control_id="q1", at=ago(2)))
        ordered = await centre.ordered("K")
        await centre.measured(ordered.number, [("K", "4.1")])
        assert (await centre.submit(ordered.case_id, **form)).status_code == 200
        await centre.send(control("L1", "4.31", control_id="q2"))
        assert await refused(centre, ordered.case_id) == ["result_held"]


async def test_a_correction_that_comes_meanwhile_stops_the_release(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K")
    await centre.measured(ordered.number, [("K", "4.1")])
    assert (await centre.submit(ordered.case_id)).status_code == 200
    await centre.measured(ordered.number, [("K", "5.2")], status="C")
    assert await refused(centre, ordered.case_id) == ["result_changed"]


async def test_what_has_not_changed_is_released(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, [("K", "7.1"), ("NA", "140")])
    assert (await centre.submit(ordered.case_id, accepted_holds=["*"])).status_code == 200
    await centre.measured(ordered.number, [("NA", "140")])
    assert await refused(centre, ordered.case_id) == []


async def test_a_critical_value_that_the_author_types_opens_the_loop_with_his_signature(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K")
    await centre.measured(ordered.number, [("K", "4.9")])
    corrected = {"K": {"action": "corrected", "value": "7.4", "reason": "稀释倍数录入错误"}}
    assert (await centre.submit(ordered.case_id, results=corrected, accepted_holds=["K"])).status_code == 200
    assert await criticals(centre, ordered.case_id) == [("notified", "7.4")]


async def test_a_false_alarm_says_nothing_of_the_next_run(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K")
    await centre.measured(ordered.number, [("K", "7.4")])
    (first,) = (await centre.shown(f"/lab/v1/cases/{ordered.case_id}/criticals"))["criticals"]
    await centre.done(f"/lab/v1/criticals/{first['critical_id']}/false-alarm", "lab1", {"reason": "溶血"})
    await centre.measured(ordered.number, [("K", "7.4")])
    assert sorted(await criticals(centre, ordered.case_id)) == [("false_alarm", "7.4"), ("found", "7.4")]


async def test_a_value_kept_back_is_no_earlier_value_and_a_corrected_one_is_what_was_reported(centre: Centre) -> None:
    await centre.rules_on()
    first = await centre.ordered("K", "NA")
    await centre.measured(first.number, [("K", "4.0"), ("NA", "140")], at="20261118090000+0800")
    corrected = {"K": {"action": "corrected", "value": "5.0", "reason": "录入"}}
    await centre.released(first.case_id, results={**corrected, "NA": {"action": "withhold", "reason": "溶血"}})
    second = await centre.ordered("K", "NA")
    await centre.measured(second.number, [("K", "5.2"), ("NA", "155")], at="20261120090000+0800")
    found = await centre.results(second.case_id)
    assert "delta" not in {reason["code"] for item in ("K", "NA") for reason in found[item]["held_by"]}
    assert (await centre.submit(second.case_id)).status_code == 200
    ((items,),) = await centre.rows(
        f"SELECT document->'content'->'items' FROM reading.report_version WHERE case_id = '{second.case_id}'"
        " AND document IS NOT NULL"
    )
    assert [(each["item"], each["previous"] and each["previous"]["value"]) for each in items] == [
        ("K", "5.0"), ("NA", None),
    ]  # fmt: skip
