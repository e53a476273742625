"""A study, a series, an instance as one ZIP."""

import hashlib
import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid

S, R, R2, I = (str(uid(name)) for name in ("s1", "r1", "r2", "i1"))  # noqa: E741 - study, series, instance
STUDY = f"/studies/{S}"
INSTANCE = f"{STUDY}/series/{R}/instances/{I}"
AS_STORED = "application/zip; transfer-syntax=*"


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        return {info.filename: archive.read(info) for info in archive.infolist()}


async def test_a_study_a_series_an_instance_byte_for_byte(web: Web) -> None:
    contents = {
        f"{R}/{I}.dcm": dicom(),
        f"{R}/{uid('i2')}.dcm": dicom("i2"),
        f"{R2}/{uid('i3')}.dcm": dicom("i3", series="r2"),
    }
    await web.centre.upload(*contents.values())
    answer = await web.get(STUDY, accept=AS_STORED)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="{S}.zip"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert opened(answer.content) == contents
    manifest = (await web.get(f"{web.origin}/imaging/v1/studies/{S}/manifest")).json()
    digests = {hashlib.sha256(each).hexdigest() for each in opened(answer.content).values()}
    assert digests == {each["sha256"] for each in manifest["instances"]}
    assert len(opened((await web.get(f"{STUDY}/series/{R}", accept=AS_STORED)).content)) == 2
    alone = opened((await web.get(f"{INSTANCE}?accept=application/zip;transfer-syntax=*")).content)
    assert alone == {f"{R}/{I}.dcm": dicom()}


async def test_who_names_no_transfer_syntax_gets_the_order_s_words(web: Web) -> None:
    await web.centre.upload(dicom())
    (body,) = opened((await web.get(STUDY, accept="application/zip")).content).values()
    assert dcmread(io.BytesIO(body)).AccessionNumber == "A1"


async def test_the_zip_is_one_choice_of_several(web: Web) -> None:
    await web.centre.upload(dicom())
    for accept, kind in (
        ("application/zip;q=0.5, multipart/related; type=application/dicom", "multipart/related"),
        ("application/zip, multipart/related; type=application/dicom", "application/zip"),
        ("*/*", "multipart/related"),
    ):
        assert (await web.get(STUDY, accept=accept)).headers["content-type"].startswith(kind), accept
    refused = await web.get(STUDY, accept="application/zip; transfer-syntax=1.2.840.10008.1.2.5")
    assert refused.status_code == 406
    assert "application/zip" in (await web.get(STUDY, accept="text/html")).json()["offered"]


async def test_bytes_that_are_missing_are_no_empty_archive(web: Web) -> None:
    await web.centre.upload(dicom())
    for path in web.centre.objects():
        path.unlink()
    assert (await web.get(STUDY, accept=AS_STORED)).status_code == 500


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
async def test_another_program_reads_it(web: Web, tmp_path: Path) -> None:
    await web.centre.upload(*(dicom(f"i{number}") for number in range(5)))
    file = tmp_path / "study.zip"
    file.write_bytes((await web.get(STUDY, accept=AS_STORED)).content)
    tested = subprocess.run(["unzip", "-t", str(file)], capture_output=True, text=True, check=False)
    assert (tested.returncode, "No errors detected" in tested.stdout) == (0, True), tested.stdout
