"""A patient's name arrives right on the worklist, in the report's JSON and on paper, however the machine wrote it."""

import pypdfium2
import pytest

from tests.support.dicom import gbk_dicom
from tests.support.films import small_film
from tests.support.journey import sign, submit, upload, wait_for_report
from tests.support.region import RunningRegion

pytestmark = pytest.mark.xdist_group("region")

NAME = "测试甲"
FILMS = {
    "GB18030": small_film("NAME-1", NAME),
    "GBK": small_film("NAME-2", NAME, SpecificCharacterSet="GBK"),
    "ISO 2022 IR 58": small_film("NAME-3", NAME, SpecificCharacterSet=["", "ISO 2022 IR 58"]),
    "UTF-8": small_film("NAME-4", NAME, SpecificCharacterSet="ISO_IR 192"),
    "undeclared GBK": gbk_dicom(patient_id="NAME-5"),  # clinic1's machines: the region's directory says GB18030
}


@pytest.mark.parametrize("charset", FILMS)
def test_a_chinese_name_arrives(region: RunningRegion, charset: str) -> None:
    clinic, reader = region.person("clinic1"), region.person("reader1")
    patient_id = f"NAME-{list(FILMS).index(charset) + 1}"
    case = upload(clinic, [FILMS[charset]], patient={"id": patient_id})
    submit(reader, case.case_id)
    (item,) = [
        item
        for item in reader.call("GET", "/v1/worklist", params={"q": case.accession_number, "limit": 50})["items"]
        if item["case_id"] == case.case_id
    ]
    assert item["patient"]["name"] == NAME
    report_id = sign(region.person("reviewer1"), case.case_id)
    assert wait_for_report(clinic, report_id)["patient"]["name"] == NAME
    page = pypdfium2.PdfDocument(clinic.fetch(f"/v1/reports/{report_id}.pdf"))[0]
    assert NAME in page.get_textpage().get_text_range()
