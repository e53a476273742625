"""A clinic's machines and its PC before a whole region: worklist, images, an ECG, the signed report on the PC."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from pydicom.uid import generate_uid

from tests.support import ecg_carts
from tests.support.clinic_gateway import GatewayProcess, find_worklist, send, worklist_query
from tests.support.cutting_proxy import CuttingProxy
from tests.support.ecg_signals import make_ecg
from tests.support.films import order, small_film
from tests.support.journey import sign, submit
from tests.support.region import PASSWORD, RunningRegion, wait_for

pytestmark = pytest.mark.xdist_group("region")
CLINIC = "clinic2"


@pytest.fixture
def gateway(region: RunningRegion, tmp_path: Path) -> Iterator[GatewayProcess]:
    (tmp_path / "ecg").mkdir()
    running = GatewayProcess(
        tmp_path,
        region.url,
        username=CLINIC,
        password=PASSWORD,
        folders='[[folders]]\npath = "ecg"\nkind = "ecg"\nevery_s = 0.2\nstable_s = 0.2',
        reports='folder = "reports"\nwait_s = 5',
        sending="quiet_s = 1\nassociation_quiet_s = 0.5\nresumable_from_kbytes = 20\ndeflate = false",
    )
    yield running
    assert running.stop() == 0


def test_an_order_its_images_and_its_report(region: RunningRegion, gateway: GatewayProcess, tmp_path: Path) -> None:
    clinic = region.person(CLINIC)
    placed = clinic.call("POST", "/imaging/v1/orders", 202, json=order("GW-1", "测试甲", priority="urgent"))
    number, case_id = placed["accession_number"], placed["case_id"]
    (entry,) = wait_for(
        lambda: find_worklist(gateway.dicom_port, worklist_query(PatientID="GW-1")), 30, "not on the worklist"
    )
    assert str(entry.PatientName).endswith("=测试甲")
    films = [
        small_film(
            entry.PatientID, study_uid=entry.StudyInstanceUID, shade=shade, AccessionNumber=entry.AccessionNumber
        )
        for shade in range(4)
    ]
    assert send(gateway.dicom_port, films) == [0] * 4
    wait_for(lambda: gateway.status()["sent"]["files"] == 4, 60, "the images did not arrive")
    case = clinic.call("GET", f"/imaging/v1/cases/{case_id}")
    assert (case["accession_number"], case["content_count"], case["priority"]) == (number, 4, "urgent")
    assert case["warnings"] == []
    assert any("upload finished" in text for text in region.logs().values()), "it did not go by tus"
    assert send(gateway.dicom_port, films) == [0] * 4
    submit(region.person("reader1"), case_id)
    report_id = sign(region.person("reviewer1"), case_id)
    (pdf,) = wait_for(lambda: list((tmp_path / "reports").glob(f"*{report_id}_v1.pdf")), 60, "no report came")
    assert pdf.read_bytes() == clinic.fetch(f"/v1/reports/{report_id}.pdf")
    assert gateway.status()["sent"]["files"] == 4


def test_images_without_an_order_and_an_ecg_open_cases(
    region: RunningRegion, gateway: GatewayProcess, tmp_path: Path
) -> None:
    study = generate_uid()
    assert send(gateway.dicom_port, [small_film("GW-2", study_uid=study, shade=n) for n in range(2)]) == [0, 0]
    (tmp_path / "ecg" / "gw.csv").write_bytes(ecg_carts.table(make_ecg(seed=4711), patient_id="GW-3"))
    status = wait_for(lambda: (s := gateway.status())["sent"]["uploads"] == 2 and s, 60, "not everything arrived")
    clinic = region.person(CLINIC)
    cases = {each["center"]: clinic.call("GET", f"/{each['center']}/v1/cases/{each['case_id']}") for each in status["sent"]["last"]}  # fmt: skip  # noqa: E501
    assert cases["imaging"]["study_uids"] == [study]
    assert cases["imaging"]["content_count"] == 2
    assert cases["imaging"]["patient"]["id"] == "GW-2"
    assert cases["ecg"]["patient"]["id"] == "GW-3"


async def test_a_line_that_breaks_every_few_seconds_brings_a_film_without_a_byte_twice(
    region: RunningRegion, tmp_path: Path
) -> None:
    noise = np.random.default_rng(5).integers(0, 65536, 1024 * 1024, dtype="<u2").tobytes()
    film = small_film("GW-4", side=1024, PixelData=noise)
    async with CuttingProxy(urlsplit(region.url).port or 80, cut_after_bytes=200_000) as line:
        options = {
            "username": CLINIC,
            "password": PASSWORD,
            "sending": "quiet_s = 0.3\nassociation_quiet_s = 0.1\nretry_first_s = 0.05\nretry_most_s = 1",
            "worklist": "every_s = 3600",
        }
        gateway = await asyncio.to_thread(lambda: GatewayProcess(tmp_path, f"http://127.0.0.1:{line.port}", **options))
        try:
            assert await asyncio.to_thread(send, gateway.dicom_port, [film]) == [0]
            status = await asyncio.to_thread(
                wait_for, lambda: (s := gateway.status())["sent"]["uploads"] and s, 90, "it did not arrive"
            )
        finally:
            await asyncio.to_thread(gateway.stop)
    (sent,) = status["sent"]["last"]
    case = region.person(CLINIC).call("GET", f"/imaging/v1/cases/{sent['case_id']}")
    assert (case["patient"]["id"], case["content_count"]) == ("GW-4", 1)
    assert line.cuts >= 8
    assert line.sent_bytes < len(film) * 1.2
