"""dicomweb-client's store_instances, as a hospital's script or a workstation sends."""

from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import Dataset
from requests import HTTPError

from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, gbk_dicom, uid

STUDY, SERIES = str(uid("s1")), str(uid("r1"))


def images(*files: bytes) -> list[Dataset]:
    return [pydicom.dcmread(BytesIO(file)) for file in files]


def named(sequence: list[Dataset]) -> list[str]:
    return [str(item.ReferencedSOPInstanceUID) for item in sequence]


@pytest.mark.parametrize("study", [None, STUDY])
async def test_what_is_stored_is_what_comes_back(web: Web, study: str | None) -> None:
    sent = images(dicom("i1"), dicom("i2", pixel=700), dicom("i3", series="r2"))
    answer = await web.ask(lambda client: client.store_instances(sent, study_instance_uid=study))
    assert named(answer.ReferencedSOPSequence) == [str(image.SOPInstanceUID) for image in sent]
    assert "FailedSOPSequence" not in answer
    assert answer.RetrieveURL == f"{web.root}/studies/{STUDY}"
    back = await web.ask(lambda client: client.retrieve_study(STUDY))
    assert {image.SOPInstanceUID: image for image in back} == {image.SOPInstanceUID: image for image in sent}
    alone = await web.ask(lambda client: client.retrieve_bulkdata(answer.ReferencedSOPSequence[1].RetrieveURL))
    (same,) = images(*alone)
    assert same == sent[1]


async def test_sent_again_they_are_stored_as_before(web: Web) -> None:
    sent = images(dicom("i1"), dicom("i2"))
    first = await web.ask(lambda client: client.store_instances(sent))
    again = await web.ask(lambda client: client.store_instances(sent))
    assert named(again.ReferencedSOPSequence) == named(first.ReferencedSOPSequence)
    assert await web.centre.count("imaging.instance") == 2
    assert len(web.centre.objects()) == 1


async def test_a_bad_one_fails_alone(web: Web) -> None:
    bare = images(dicom("i2"))[0]
    del bare.StudyInstanceUID
    sent = [*images(dicom("i1")), bare, *images(dicom("i3"))]
    answer = await web.ask(lambda client: client.store_instances(sent))
    assert named(answer.ReferencedSOPSequence) == [str(uid("i1")), str(uid("i3"))]
    (failed,) = answer.FailedSOPSequence
    assert failed.ReferencedSOPInstanceUID == uid("i2")
    assert 0xA000 <= failed.FailureReason <= 0xCFFF


async def test_another_studys_images_are_refused_under_this_one(web: Web) -> None:
    sent = images(dicom("i1", study="s2"))
    with pytest.raises(HTTPError) as refused:
        await web.ask(lambda client: client.store_instances(sent, study_instance_uid=STUDY))
    assert refused.value.response.status_code == 409
    assert await web.ask(lambda client: client.search_for_instances()) == []


async def test_a_name_in_gbk_is_found_in_chinese(web: Web) -> None:
    await web.ask(lambda client: client.store_instances(images(gbk_dicom("测试^乙"))))
    (study,) = await web.ask(lambda client: client.search_for_studies(search_filters={"PatientName": "测试*"}))
    assert study["00100010"]["Value"] == [{"Alphabetic": "测试^乙"}]


async def test_a_reader_stores_nothing(web: Web) -> None:
    with pytest.raises(HTTPError) as refused:
        await web.ask(lambda client: client.store_instances(images(dicom())), "reader1")
    assert refused.value.response.status_code == 403
