"""dicomweb-client, as a hospital's script uses it: every one of its searches and retrievals."""

import io

import numpy as np
from PIL import Image

from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid

STUDY, SERIES, INSTANCE = str(uid("s1")), str(uid("r1")), str(uid("i1"))


async def test_searches(web: Web) -> None:
    await web.centre.upload(dicom(), dicom("i2"))
    (study,) = await web.ask(lambda client: client.search_for_studies(search_filters={"PatientID": "P001"}))
    assert study["0020000D"]["Value"] == [STUDY]
    assert study["00201208"]["Value"] == [2]
    (series,) = await web.ask(lambda client: client.search_for_series(STUDY, fields=["SeriesDescription"]))
    assert series["00201209"]["Value"] == [2]
    found = await web.ask(lambda client: client.search_for_instances(STUDY, SERIES, limit=1, offset=1))
    assert [each["00080018"]["Value"] for each in found] == [[str(uid("i2"))]] or len(found) == 1
    everything = await web.ask(lambda client: client.search_for_instances(get_remaining=True))
    assert len(everything) == 2


async def test_retrievals(web: Web) -> None:
    sent = dicom(pixel=700)
    await web.centre.upload(sent)
    (of_study,) = await web.ask(lambda client: client.retrieve_study(STUDY))
    (of_series,) = await web.ask(lambda client: client.retrieve_series(STUDY, SERIES))
    alone = await web.ask(lambda client: client.retrieve_instance(STUDY, SERIES, INSTANCE))
    assert of_study == of_series
    assert ("AccessionNumber" in alone, of_study.AccessionNumber) == (False, "A1"), "the client asks for one as stored"
    assert [str(each.PatientName) for each in (of_study, alone)] == ["测试^甲"] * 2
    (metadata,) = await web.ask(lambda client: client.retrieve_study_metadata(STUDY))
    assert metadata["00100020"]["Value"] == ["org_c1:P001"]
    assert metadata["00101002"]["Value"][0]["00100020"]["Value"] == ["P001"]
    (of_one,) = await web.ask(lambda client: [client.retrieve_instance_metadata(STUDY, SERIES, INSTANCE)])
    assert of_one == metadata
    assert await web.ask(lambda client: client.retrieve_series_metadata(STUDY, SERIES)) == [metadata]


async def test_pixels(web: Web) -> None:
    await web.centre.upload(dicom(pixel=700))
    frames = await web.ask(lambda client: client.retrieve_instance_frames(STUDY, SERIES, INSTANCE, [1]))
    assert np.frombuffer(frames[0], "<u2").tolist() == [700] * 256
    (metadata,) = await web.ask(lambda client: client.retrieve_series_metadata(STUDY, SERIES))
    bulk = await web.ask(lambda client: client.retrieve_bulkdata(metadata["7FE00010"]["BulkDataURI"]))
    assert bulk == frames
    for kind in ("image/png", "image/jpeg"):
        picture = await web.ask(
            lambda client, kind=kind: client.retrieve_instance_rendered(STUDY, SERIES, INSTANCE, media_types=(kind,))
        )
        assert Image.open(io.BytesIO(picture)).size == (16, 16)
        again = await web.ask(
            lambda client, kind=kind: client.retrieve_instance_frames_rendered(
                STUDY, SERIES, INSTANCE, [1], media_types=(kind,)
            )
        )
        assert again == picture
    series = await web.ask(lambda client: client.retrieve_series_rendered(STUDY, SERIES, media_types=("image/png",)))
    assert Image.open(io.BytesIO(series)).size == (16, 16)
