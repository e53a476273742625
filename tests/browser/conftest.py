"""The browser, the viewer and the studies of browser tests; without node, npm, their packages or chromium: skipped."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, generate_uid
from requests import Session

from tests.browser.packages import Package, pinned
from tests.browser.stage import Stage, draws, find_programs
from tests.browser.studies import ct_series
from tests.browser.viewer import BASE, install_viewer
from tests.support.ecg_dicom import waveform_file
from tests.support.region import RunningRegion, wait_for

UPLOAD_PAGE = "/upload-test/"


def _fetched(name: str) -> Package:
    package = pinned()[name]
    if not package.folder.is_dir():
        pytest.skip(f"没有 {name}：先运行 tests/browser/install / no {name}: run tests/browser/install first")
    return package


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """OHIF at /viewer/ and the page of resumable uploads, both on the region's own origin."""
    programs = find_programs()
    if programs is None:
        pytest.skip("未安装 node 或 chromium：先运行 tests/browser/install / no node or no chromium")
    if not draws(programs.chromium):
        pytest.skip("chromium 在此处无法运行或没有 WebGL / chromium does not run here, or has no WebGL")
    playwright, tus = _fetched("playwright-core"), _fetched("tus-js-client")
    served = {BASE: install_viewer(_fetched("@ohif/app")), UPLOAD_PAGE: Path(__file__).parent / "upload"}
    served |= {"/tus-js-client/": tus.folder / "dist"}
    return Stage(programs, playwright.folder, tmp_path_factory.mktemp("pictures"), served)


@dataclass(frozen=True, slots=True)
class Studies:
    """Study Instance UIDs of what clinic1 has sent; the three CT series hold the same pixels."""

    plain: str
    jpeg_ls: str
    jpeg_2000: str
    ecg: str


@pytest.fixture(scope="session")
def studies(region: RunningRegion) -> Studies:
    region.forget_people()
    send = _sender(region)
    sent = Studies(
        plain=send(ct_series("OHIF-1", "测试^甲")),
        jpeg_ls=send(ct_series("OHIF-2", "CE^SHI=测试^乙", syntax=JPEGLSLossless)),
        jpeg_2000=send(ct_series("OHIF-3", "测试丙", syntax=JPEG2000Lossless)),
        ecg=send([_ecg("OHIF-4", "测试丁")]),
    )
    reader = region.person("reader1")
    for study in (sent.plain, sent.jpeg_ls, sent.jpeg_2000, sent.ecg):
        path = f"/dicomweb/studies?StudyInstanceUID={study}"
        wait_for(partial(reader.call, "GET", path), 60, "the study never came to the reading site")
    return sent


def _sender(region: RunningRegion) -> Callable[[list[bytes]], str]:
    session = Session()
    session.trust_env = False
    bearer = {"Authorization": f"Bearer {region.person('clinic1').token}"}
    client = DICOMwebClient(f"{region.url}/dicomweb", session=session, headers=bearer)

    def send(files: list[bytes]) -> str:
        """By STOW-RS; the study's UID."""
        images = [pydicom.dcmread(BytesIO(file)) for file in files]
        answer = client.store_instances(images)
        assert "FailedSOPSequence" not in answer
        return str(images[0].StudyInstanceUID)

    return send


def _ecg(patient_id: str, name: str) -> bytes:
    return waveform_file(
        PatientID=patient_id,
        PatientName=name,
        StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(),
        SOPInstanceUID=generate_uid(),
        StudyDate="20261121",
        StudyTime="102000",
        StudyDescription="十二导联心电图",
        SeriesNumber=1,
        InstanceNumber=1,
    )
