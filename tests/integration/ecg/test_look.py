"""What readers look at: samples, measurements, the median beat, DICOM, the files as they came."""

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import GeneralECGWaveformStorage, TwelveLeadECGWaveformStorage

from tests.integration.ecg.centre import Centre
from tests.support.ecg_carts import CARTS, order, table
from tests.support.ecg_signals import make_ecg

TWELVE = "I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6"


def samples(answer: httpx.Response) -> NDArray[np.int16]:
    """Leads × samples."""
    return np.frombuffer(answer.content, "<i2").reshape(len(answer.headers["ecg-leads"].split(",")), -1)


async def waveform(centre: Centre, case: dict[str, Any], more: str = "", **headers: str) -> httpx.Response:
    answer = await centre.get(f"/ecg/v1/cases/{case['case_id']}/waveform{more}", **headers)
    assert answer.status_code in (200, 304), answer.text
    return answer


async def compressed_bytes(centre: Centre, case: dict[str, Any]) -> int:
    """As it goes over the wire."""
    url = f"/ecg/v1/cases/{case['case_id']}/waveform"
    headers = {"Authorization": "Bearer clinic1", "Accept-Encoding": "gzip"}
    async with centre.http.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        sent = b"".join([part async for part in answer.aiter_raw()])
    assert len(gzip.decompress(sent)) <= 120_000
    return len(sent)


async def test_ten_seconds_of_twelve_leads_are_small_and_exact(centre: Centre) -> None:
    ecg = make_ecg(noise_uv=8, wander_uv=60, mains_uv=4)
    case = await centre.taken([("a", table(ecg))])
    plain = await waveform(centre, case, Accept_Encoding="identity")
    assert len(plain.content) <= 120_000
    assert plain.headers["ecg-leads"] == TWELVE
    assert (plain.headers["ecg-sampling-rate"], plain.headers["ecg-samples"]) == ("500", "5000")
    np.testing.assert_array_equal(samples(plain), np.rint(ecg.microvolts))
    packed = await waveform(centre, case, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content


@pytest.mark.parametrize("cart", ["philips", "scp"])
async def test_what_a_cart_stores_is_below_half_when_compressed(centre: Centre, cart: str) -> None:
    """Carts store 2.5 or 5 µV a step behind a filter of 150 Hz; noise of every microvolt would be nobody's ECG."""
    case = await centre.taken(CARTS[cart](make_ecg(noise_uv=3, wander_uv=60, mains_uv=3)))
    assert await compressed_bytes(centre, case) < 60_000


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["scp/Example.scp", "muse/muse_example1.xml", "muse/cardiosoft_example.xml"])
async def test_a_real_carts_ecg_is_below_half_when_compressed(centre: Centre, corpus: Path, name: str) -> None:
    case = await centre.taken([("a", (corpus / "ecg" / name).read_bytes())])
    assert await compressed_bytes(centre, case) < 60_000


async def test_the_samples_are_sent_once(centre: Centre) -> None:
    case = await centre.taken()
    first = await waveform(centre, case)
    again = await waveform(centre, case, If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    slower = await waveform(centre, case, "?rate=250", If_None_Match=first.headers["etag"])
    assert slower.status_code == 200


async def test_a_faster_cart_is_shown_at_500_and_served_at_its_own_rate(centre: Centre) -> None:
    ecg = make_ecg(sampling_rate_hz=1000)
    case = await centre.taken([("a", table(ecg))])
    shown = await waveform(centre, case)
    assert (shown.headers["ecg-sampling-rate"], samples(shown).shape) == ("500", (12, 5000))
    own = await waveform(centre, case, "?rate=1000")
    np.testing.assert_array_equal(samples(own), np.rint(ecg.microvolts))
    assert np.abs(samples(shown)[10].max() - ecg.lead("V5").max()) < 15
    slow = await waveform(centre, case, "?rate=125")
    assert samples(slow).shape == (12, 1250)


@pytest.mark.parametrize("rate", ["0", "49", "1e9", "nan", "x"])
async def test_a_rate_that_makes_no_sense_is_refused(centre: Centre, rate: str) -> None:
    case = await centre.taken()
    answer = await centre.get(f"/ecg/v1/cases/{case['case_id']}/waveform?rate={rate}")
    assert answer.status_code == 422


async def test_limb_leads_that_were_not_sent_are_derived_and_marked_and_chest_leads_are_not_invented(
    centre: Centre,
) -> None:
    ecg = make_ecg(leads=("I", "II", "V1", "V3", "V5"))
    case = await centre.taken([("a", table(ecg))])
    answer = await waveform(centre, case)
    leads = answer.headers["ecg-leads"].split(",")
    assert set(leads) == {"I", "II", "III", "aVR", "aVL", "aVF", "V1", "V3", "V5"}
    assert set(answer.headers["ecg-derived"].split(",")) == {"III", "aVR", "aVL", "aVF"}
    shown = dict(zip(leads, samples(answer).astype(int), strict=True))
    assert np.abs(shown["III"] - (shown["II"] - shown["I"])).max() <= 1
    quality = case["recordings"][0]["quality"]
    assert {"too_few_leads"} <= {each["code"] for each in quality["faults"]}


async def test_missing_samples_are_marked_as_missing(centre: Centre) -> None:
    case = await centre.taken([("a", table(lost={"V5": slice(100, 200)}))])
    answer = await waveform(centre, case)
    missing = int(answer.headers["ecg-missing"])
    v5 = samples(answer)[TWELVE.split(",").index("V5")]
    np.testing.assert_array_equal(np.flatnonzero(v5 == missing), np.arange(100, 200))
    slower = samples(await waveform(centre, case, "?rate=250"))[TWELVE.split(",").index("V5")]
    np.testing.assert_array_equal(np.flatnonzero(slower == missing), np.arange(50, 100))


async def test_measurements_stand_beside_the_carts_own_with_their_suggestions(centre: Centre) -> None:
    data = table(make_ecg(heart_rate_bpm=50, noise_uv=5)).replace(b"# unit", b"# pr_ms: 148\n# unit", 1)
    case = await centre.taken([("a", data)])
    shown = (await centre.get(case["recordings"][0]["links"]["measurements"])).json()
    numbers = shown["measurements"]
    assert abs(numbers["heart_rate_bpm"] - 50) <= 2
    assert abs(numbers["pr_ms"] - 160) <= 12
    assert abs(numbers["qt_ms"] - 400) <= 15
    assert shown["cart"]["pr_ms"] == 148
    assert shown["analysis_version"]
    assert any("窦性心动过缓" in each["text"] for each in shown["suggestions"]), shown["suggestions"]


async def test_the_median_beat_comes_with_its_marks(centre: Centre) -> None:
    case = await centre.taken()
    shown = (await centre.get(case["recordings"][0]["links"]["median"])).json()
    marks = shown["marks"]
    assert marks["p_on_ms"] < marks["qrs_on_ms"] < marks["r_ms"] < marks["qrs_off_ms"] < marks["t_off_ms"]
    assert shown["beat_count"] >= 8
    assert len({len(lead) for lead in shown["microvolts"]}) == 1
    assert len(shown["microvolts"]) == len(shown["leads"]) == 12


async def test_of_an_ecg_without_beats_there_is_no_median(centre: Centre) -> None:
    case = await centre.taken([("a", table(make_ecg("asystole", noise_uv=3)))])
    answer = await centre.get(case["recordings"][0]["links"]["median"])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_median")
    numbers = (await centre.get(case["recordings"][0]["links"]["measurements"])).json()["measurements"]
    assert (numbers["pr_ms"], numbers["qt_ms"], numbers["heart_rate_bpm"]) == (None, None, None)


async def test_any_viewer_reads_the_dicom_object(centre: Centre) -> None:
    ecg = make_ecg(noise_uv=5)
    case = await centre.taken([("a", table(ecg, name="测试乙", patient_id="P9"))], order("P001", accession_number="A7"))
    link = case["recordings"][0]["links"]["dicom"]
    answer = await centre.get(link)
    assert answer.headers["content-type"] == "application/dicom"
    data_set = dcmread(BytesIO(answer.content))
    assert data_set.SOPClassUID == TwelveLeadECGWaveformStorage
    assert (data_set.PatientID, data_set.AccessionNumber, data_set.Modality) == ("P001", "A7", "ECG")
    assert "测试甲" in str(data_set.PatientName)
    np.testing.assert_allclose(data_set.waveform_array(0).T, np.rint(ecg.microvolts), atol=0.51)
    assert (await centre.get(link)).content == answer.content


async def test_more_than_twelve_leads_are_a_general_ecg(centre: Centre) -> None:
    leads = (*TWELVE.split(","), "V3R", "V4R", "V7")
    case = await centre.taken([("a", table(make_ecg(leads=leads)))])
    data_set = dcmread(BytesIO((await centre.get(case["recordings"][0]["links"]["dicom"])).content))
    assert data_set.SOPClassUID == GeneralECGWaveformStorage
    assert (await waveform(centre, case)).headers["ecg-leads"].split(",") == list(leads)


PATHS = (
    "/recordings",
    "/waveform",
    "/measurements",
    "/median",
    "/dicom",
    "/recordings/{recording_id}/originals/1",
    "/prior-waveforms",
)


async def test_strangers_find_nothing_and_owners_and_readers_everything(centre: Centre) -> None:
    case = await centre.taken()
    base = await centre.queued(case["case_id"])
    recording_id = case["recordings"][0]["recording_id"]
    for template in PATHS:
        path = base + template.format(recording_id=recording_id)
        assert [(await centre.get(path, who)).status_code for who in ("clinic1", "reader1")] == [200, 200], path
        for stranger in ("clinic2", "reader3"):
            answer = await centre.get(path, stranger)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert (await centre.get(path, "nobody")).status_code == 401


async def test_a_recording_of_another_case_is_not_found_in_this_one(centre: Centre) -> None:
    first = await centre.new_case()
    second = await centre.new_case([("b", table(make_ecg(heart_rate_bpm=88)))], patient={"id": "P2", "name": "测试乙"})
    other = second["recordings"][0]["recording_id"]
    base = f"/ecg/v1/cases/{first['case_id']}"
    for path in ("/waveform", "/measurements", "/median", "/dicom"):
        answer = await centre.get(f"{base}{path}?recording={other}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")
    assert (await centre.get(f"{base}/recordings/{other}/originals/1")).status_code == 404
    own = first["recordings"][0]["recording_id"]
    for number in ("0", "2", "-1", "99999999999999999999"):
        assert (await centre.get(f"{base}/recordings/{own}/originals/{number}")).status_code in (404, 422)


async def test_looking_is_audited_once_in_five_minutes(centre: Centre) -> None:
    case = await centre.taken()
    for path in ("recordings", "waveform", "dicom"):
        await centre.get(f"/ecg/v1/cases/{case['case_id']}/{path}")
    audited = "SELECT account_id, record_id FROM core.audit_entry WHERE action = 'recordings.read'"
    assert await centre.rows(audited) == [("acc_clinic1", case["case_id"])]
