"""The report on an ECG: whose numbers it names, what it refuses, and the sheet with its trace."""

from io import BytesIO
from typing import Any

import httpx
from pyhanko.pdf_utils.reader import PdfFileReader

from shared.blobs import BlobRef
from shared.signing.document import ReportDocument
from tests.integration.ecg.centre import Centre
from tests.support.ecg_carts import minutes_later, table, without
from tests.support.ecg_signals import make_ecg
from tests.unit.ecg.report_form.paper import strokes_of
from tests.unit.paper.reading import pages_of

SEVEN = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtcb_ms", "qtcf_ms", "axis_deg")
AF = {"rhythm": "心房颤动", "findings": "P 波消失，代之以 f 波", "impression": "心房颤动", "positive": True}


async def content(centre: Centre, report_id: str) -> dict[str, Any]:
    """What was signed."""
    ((document,),) = await centre.rows(
        f"SELECT document FROM reading.report_version WHERE report_id = '{report_id}' AND status = 'final'"
    )
    found: dict[str, Any] = ReportDocument.model_validate(document).model_dump(mode="json")["content"]
    return found


async def computer(centre: Centre, case: dict[str, Any]) -> dict[str, Any]:
    numbers: dict[str, Any] = (await centre.get(case["recordings"][-1]["links"]["measurements"])).json()["measurements"]
    return numbers


def problems(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {(each["pointer"], each["code"]) for each in answer.json()["errors"]}


async def test_numbers_are_accepted_corrected_or_cleared(centre: Centre) -> None:
    case = await centre.taken()
    measured = await computer(centre, case)
    report_id = await centre.signed(case["case_id"], pr_ms=152, axis_deg=None)
    signed = await content(centre, report_id)
    assert (signed["pr_ms"], signed["axis_deg"]) == (152, None)
    assert signed["qrs_ms"] == signed["computer"]["qrs_ms"] == round(measured["qrs_ms"])
    assert signed["heart_rate_bpm"] == round(measured["heart_rate_bpm"])
    assert set(signed["corrected"]) == {"pr_ms", "axis_deg"}
    assert set(SEVEN) <= set(signed)
    assert signed["recording"]["recording_id"] == case["recordings"][0]["recording_id"]


async def test_in_atrial_fibrillation_no_pr_is_invented(centre: Centre) -> None:
    case = await centre.taken([("a", table(make_ecg("af", heart_rate_bpm=80, noise_uv=5)))])
    signed = await content(centre, await centre.signed(case["case_id"], **AF))
    assert signed["pr_ms"] is None
    assert [name for name in SEVEN if signed[name] is None] == ["pr_ms"]


async def test_a_pr_in_atrial_fibrillation_is_doubted_until_the_reader_stands_by_it(centre: Centre) -> None:
    case_id = (await centre.taken([("a", table(make_ecg("af", heart_rate_bpm=80, noise_uv=5)))]))["case_id"]
    assert ("/pr_ms", "pr_contradiction") in problems(await centre.submit(case_id, **AF, pr_ms=160))


async def test_a_report_on_an_ecg_of_another_case_is_refused(centre: Centre) -> None:
    other = await centre.new_case([("b", table(make_ecg(heart_rate_bpm=77)))])
    case_id = (await centre.taken())["case_id"]
    refused = await centre.submit(case_id, recording_id=other["recordings"][0]["recording_id"])
    assert ("/recording_id", "recording_unknown") in problems(refused)


async def test_the_report_is_on_the_ecg_that_was_chosen_and_names_the_others(centre: Centre) -> None:
    files = [(f"{n}.csv", table(make_ecg(heart_rate_bpm=60 + n), recorded_at=minutes_later(n))) for n in (0, 10, 20)]
    case = await centre.taken(files)
    first, *others = [each["recording_id"] for each in case["recordings"]]
    signed = await content(centre, await centre.signed(case["case_id"], recording_id=first))
    assert signed["recording"]["recording_id"] == first
    assert [each["recording_id"] for each in signed["other_recordings"]] == others
    assert abs(signed["heart_rate_bpm"] - 60) <= 1


async def test_without_a_choice_the_report_is_on_the_latest_usable_ecg(centre: Centre) -> None:
    good = table(make_ecg(noise_uv=5))
    lost = without(make_ecg(noise_uv=5), "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3")
    case = await centre.taken([("a.csv", good), ("b.csv", table(lost, recorded_at=minutes_later(5)))])
    assert [each["quality"]["verdict"] for each in case["recordings"]] == ["ok", "unusable"]
    signed = await content(centre, await centre.signed(case["case_id"]))
    assert signed["recording"]["recording_id"] == case["recordings"][0]["recording_id"]


async def test_an_unusable_ecg_is_reported_on_only_knowingly(centre: Centre) -> None:
    lost = without(make_ecg(noise_uv=5), "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3")
    case = await centre.taken([("a.csv", table(lost))])
    refused = await centre.submit(case["case_id"])
    assert ("/recording_id", "quality_unusable") in problems(refused)


async def test_words_that_are_missing_are_asked_for(centre: Centre) -> None:
    case_id = (await centre.taken())["case_id"]
    assert problems(await centre.submit(case_id, findings=" ", impression="")) == {
        ("/findings", "required"),
        ("/impression", "required"),
    }


async def test_the_sheet_shows_the_trace_and_the_numbers_and_is_signed(centre: Centre) -> None:
    report_id = await centre.signed((await centre.taken())["case_id"])
    ((ref,),) = await centre.rows(
        f"SELECT pdf FROM reading.report_version WHERE report_id = '{report_id}' AND status = 'final'"
    )
    pdf = await centre.resources.region_blobs.read(BlobRef.from_dict(ref))
    assert len(list(PdfFileReader(BytesIO(pdf)).embedded_signatures)) >= 1
    words = "".join(pages_of(pdf))
    for word in ("测试甲", "窦性心律", "25mm/s", "10mm/mV", "aVF", "V6"):
        assert word in words, words
    points = sum(len(subpath) for stroke in strokes_of(pdf) for subpath in stroke.subpaths)
    assert points > 5000, "a trace of ten seconds has thousands of points"
