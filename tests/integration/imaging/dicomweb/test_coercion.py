"""(0400,0561): what DICOMweb answers where an order's words stand in for the file's."""

import hashlib
import io
from collections.abc import Callable
from datetime import datetime

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from tests.integration.imaging.conftest import ORDER
from tests.integration.imaging.dicomweb.conftest import Web
from tests.integration.imaging.dicomweb.parts import parts_of
from tests.support.dicom import dicom, gbk_dicom, uid

S, R, I = (str(uid(name)) for name in ("s1", "r1", "i1"))  # noqa: E741 - study, series, instance
STUDY = f"/studies/{S}"
INSTANCE = f"{STUDY}/series/{R}/instances/{I}"
OTHER = {**ORDER, "patient": {"id": "H9", "name": "测试䶮", "sex": "F", "birth_date": "1961-02-03"}}
PARTS = 'multipart/related; type="application/dicom"'


def with_earlier(content: bytes) -> bytes:
    """Another system changed it before."""
    data_set = dcmread(io.BytesIO(content))
    item, earlier = Dataset(), Dataset()
    earlier.PatientID = "OLD"
    item.ModifiedAttributesSequence = [earlier]
    item.AttributeModificationDateTime, item.ModifyingSystem = "20260101", "ELSEWHERE"
    item.SourceOfPreviousValues, item.ReasonForTheAttributeModification = "", "CORRECT"
    data_set.OriginalAttributesSequence = [item]
    return written(data_set)


def written(data_set: Dataset) -> bytes:
    target = io.BytesIO()
    data_set.save_as(target, enforce_file_format=True)
    return target.getvalue()


async def test_metadata_say_the_order_s_words_and_keep_the_file_s(web: Web) -> None:
    await web.centre.upload(with_earlier(dicom()), order=OTHER)
    for path in (f"{STUDY}/metadata", f"{STUDY}/series/{R}/metadata", f"{INSTANCE}/metadata"):
        (model,) = (await web.get(path)).json()
        assert model["00100010"]["Value"] == [{"Alphabetic": "测试䶮"}]
        assert (model["00100020"]["Value"], model["00100040"]["Value"]) == (["org_c1:H9"], ["F"])
        assert (model["00080050"]["Value"], model["00100030"]["Value"]) == (["A1"], ["19610203"])
        earlier, ours = model["04000561"]["Value"]
        assert earlier["04000563"]["Value"] == ["ELSEWHERE"]
        (modified,) = ours["04000550"]["Value"]
        assert modified == {
            "00080050": {"vr": "SH"},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "测试^甲"}]},
            "00100020": {"vr": "LO", "Value": ["P001"]},
            "00100030": {"vr": "DA", "Value": ["19600131"]},
            "00100040": {"vr": "CS", "Value": ["M"]},
        }
        said = {tag: ours[tag]["Value"][0] for tag in ("04000563", "04000564", "04000565")}
        assert said == {"04000563": "GONGZHEN", "04000564": "org_c1", "04000565": "COERCE"}
        assert datetime.strptime(ours["04000562"]["Value"][0], "%Y%m%d%H%M%S.%f%z").year >= 2026


async def test_what_agrees_with_its_order_is_left_alone(web: Web) -> None:
    data_set = dcmread(io.BytesIO(dicom()))
    data_set.AccessionNumber = "A1"
    content = written(data_set)
    await web.centre.upload(content)
    (model,) = (await web.get(f"{STUDY}/metadata")).json()
    assert "04000561" not in model
    assert (await web.get(INSTANCE, accept="application/dicom")).content == content


async def test_the_etag_follows_a_later_word(web: Web) -> None:
    await web.centre.upload(dicom())
    first = await web.get(f"{STUDY}/metadata")
    assert (await web.get(f"{STUDY}/metadata", If_None_Match=first.headers["etag"])).status_code == 304
    await web.centre.rows(
        "UPDATE imaging.instance SET coercion = jsonb_set(jsonb_set(coercion, '{attributes,00100040}',"
        """ '{"vr": "CS", "Value": ["O"]}'), '{at}', '"2026-11-22T00:00:00+00:00"') RETURNING 1"""
    )
    second = await web.get(f"{STUDY}/metadata", If_None_Match=first.headers["etag"])
    assert (second.status_code, second.json()[0]["00100040"]["Value"]) == (200, ["O"])


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("make", [dicom, gbk_dicom])
async def test_an_instance_says_so_too_but_for_the_one_that_was_sent(
    web: Web, make: Callable[..., bytes], syntax: str
) -> None:
    content = make(rows=64, columns=64)
    data_set = dcmread(io.BytesIO(content))
    if syntax in (RLELossless, JPEG2000Lossless):
        data_set.compress(syntax, generate_instance_uid=False)
    else:
        data_set.file_meta.TransferSyntaxUID = UID(syntax)
    sent = written(data_set)
    await web.centre.upload(sent, order=OTHER)
    as_sent = await web.get(INSTANCE, accept="application/dicom; transfer-syntax=*")
    (held,) = (await web.get(f"{web.origin}/imaging/v1/studies/{S}/manifest")).json()["instances"]
    assert (as_sent.content == sent, held["sha256"]) == (True, hashlib.sha256(sent).hexdigest())
    for asked, answered in ((None, ExplicitVRLittleEndian), (syntax, syntax)):
        accept = PARTS + (f"; transfer-syntax={asked}" if asked else "")
        ((head, body),) = parts_of(await web.get(STUDY, accept=accept))
        assert head["content-type"] == f"application/dicom; transfer-syntax={answered}"
        found = dcmread(io.BytesIO(body))
        assert (found.file_meta.TransferSyntaxUID, found.SpecificCharacterSet) == (answered, "ISO_IR 192")
        assert (str(found.PatientName), found.PatientID, found.AccessionNumber) == ("测试䶮", "H9", "A1")
        (original,) = found.OriginalAttributesSequence[0].ModifiedAttributesSequence
        assert (str(original.PatientName), original.PatientID) == ("测试^甲", "P001")
        assert (found.pixel_array == dcmread(io.BytesIO(content)).pixel_array).all()


async def found(web: Web, query: str) -> int:
    answer = await web.get(f"/studies?{query}")
    assert answer.status_code == 200, answer.text
    return len(answer.json())


async def test_a_study_is_found_and_listed_by_its_order_s_words_and_not_by_those_they_replaced(web: Web) -> None:
    data_set = dcmread(io.BytesIO(dicom()))
    data_set.AccessionNumber = "FILE1"
    await web.centre.upload(written(data_set), order=OTHER)
    for query in (
        "PatientID=H9", "PatientID=org_c1:H9", "AccessionNumber=A1", "PatientName=测试䶮", "PatientName=ceshiyan"
        "&fuzzymatching=true", "PatientSex=F", "PatientBirthDate=19610203",
    ):  # fmt: skip
        assert await found(web, query) == 1, query
    # Another patient may bear the number that the machine wrote: whoever asks for him must not be shown these.
    for query in ("PatientID=P001", "AccessionNumber=FILE1", "PatientName=测试^甲", "PatientSex=M"):
        assert await found(web, query) == 0, query
    for path in ("/studies", f"{STUDY}/series", f"{STUDY}/instances", "/instances?PatientID=H9"):
        (model,) = (await web.get(path)).json()
        assert model["00100010"]["Value"] == [{"Alphabetic": "测试䶮"}], path
        assert model["00100020"]["Value"] == ["org_c1:H9"], path
        assert model["00101002"]["Value"][0]["00100020"]["Value"] == ["H9"], path
        assert (model["00100040"]["Value"], model["00100030"]["Value"]) == (["F"], ["19610203"]), path
        assert model["00080050"]["Value"] == ["A1"], path
    (everything,) = (await web.get("/instances?includefield=all")).json()
    (ours,) = everything["04000561"]["Value"]
    assert ours["04000550"]["Value"][0]["00080050"]["Value"] == ["FILE1"]


async def test_a_name_in_another_writing_is_found_in_both(web: Web) -> None:
    await web.centre.upload(dicom(name="Ceshi^Jia"))
    (model,) = (await web.get(f"/studies?PatientName={ORDER['patient']['name']}")).json()
    assert model["00100010"]["Value"] == [{"Alphabetic": "Ceshi^Jia"}]
    assert await found(web, "PatientName=ceshi*") == 1


async def test_a_later_order_that_agrees_with_the_file_takes_the_earlier_one_s_words_away(web: Web) -> None:
    films = []
    for instance in ("i1", "i2"):
        data_set = dcmread(io.BytesIO(dicom(instance)))
        data_set.AccessionNumber = "A2"
        films.append(written(data_set))
    await web.centre.upload(films[0], order=OTHER)
    answer = await web.centre.upload(*films, order={**ORDER, "accession_number": "A2"})
    assert answer.status_code == 202, answer.text
    for model in (await web.get(f"{STUDY}/metadata")).json():
        assert (model["00100020"]["Value"], model["00080050"]["Value"]) == (["org_c1:P001"], ["A2"])
        assert "04000561" not in model
    assert (await found(web, "PatientID=P001&AccessionNumber=A2"), await found(web, "PatientID=H9")) == (1, 0)


async def test_two_orders_of_one_study_each_name_their_own_instances(web: Web) -> None:
    for number in (1, 2):
        order = {**ORDER, "accession_number": f"A{number}"}
        assert (await web.centre.upload(dicom(f"i{number}"), order=order)).status_code == 202
    listed = (await web.get(f"{STUDY}/instances")).json()
    numbers = {model["00080018"]["Value"][0]: model["00080050"]["Value"] for model in listed}
    assert numbers == {str(uid("i1")): ["A1"], str(uid("i2")): ["A2"]}
