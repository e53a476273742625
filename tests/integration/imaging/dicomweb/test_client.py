"""dicomweb-client, as a hospital's script uses it: every one of its searches and retrievals."""

import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid
from tests.support.ecg_dicom import twelve, waveform_file

STUDY, SERIES, INSTANCE = str(uid("s1")), str(uid("r1")), str(uid("i1"))


async def test_searches(web: Web) -> None:
    await web.centre.upload(dicom(), dicom("i2"), dicom("i3", series="r2"))
    (study,) = await web.ask(lambda client: client.search_for_studies(search_filters={"PatientID": "P001"}))
    assert study["0020000D"]["Value"] == [STUDY]
    assert study["00201208"]["Value"] == [3]
    series = await web.ask(lambda client: client.search_for_series(STUDY, fields=["SeriesDescription"]))
    assert {each["0020000E"]["Value"][0]: each["00201209"]["Value"][0] for each in series} == {
        SERIES: 2,
        str(uid("r2")): 1,
    }
    assert await web.ask(lambda client: client.search_for_series(search_filters={"Modality": "DX"})) == [
        each | {key: study[key] for key in study.keys() & each.keys() - {"00081190"}} for each in series
    ]
    pages = [
        await web.ask(lambda client, at=at: client.search_for_instances(STUDY, SERIES, limit=1, offset=at))
        for at in range(3)
    ]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert {page[0]["00080018"]["Value"][0] for page in pages[:2]} == {INSTANCE, str(uid("i2"))}
    everywhere = await web.ask(lambda client: client.search_for_instances(get_remaining=True, limit=2))
    assert len({each["00080018"]["Value"][0] for each in everywhere}) == 3


async def test_a_search_by_half_a_name_may_be_fuzzy(web: Web) -> None:
    await web.centre.upload(dicom())
    for fuzzy, wanted, count in ((True, "测试", 1), (False, "测*", 1), (False, "试", 0)):
        found = await web.ask(
            lambda client, fuzzy=fuzzy, wanted=wanted: client.search_for_studies(
                fuzzymatching=fuzzy, search_filters={"PatientName": wanted}
            )
        )
        assert len(found) == count


async def test_retrievals(web: Web) -> None:
    sent = dicom(pixel=700)
    await web.centre.upload(sent)
    (of_study,) = await web.ask(lambda client: client.retrieve_study(STUDY))
    (of_series,) = await web.ask(lambda client: client.retrieve_series(STUDY, SERIES))
    assert of_study == of_series
    assert (str(of_study.PatientName), of_study.AccessionNumber) == ("测试^甲", "A1")  # the order's number
    alone = await web.ask(lambda client: client.retrieve_instance(STUDY, SERIES, INSTANCE))
    assert alone == pydicom.dcmread(io.BytesIO(sent))  # the client asks for transfer-syntax=*
    (metadata,) = await web.ask(lambda client: client.retrieve_study_metadata(STUDY))
    assert metadata["00100020"]["Value"] == ["org_c1:P001"]
    assert metadata["00101002"]["Value"][0]["00100020"]["Value"] == ["P001"]
    of_one = await web.ask(lambda client: client.retrieve_instance_metadata(STUDY, SERIES, INSTANCE))
    assert of_one == metadata
    assert await web.ask(lambda client: client.retrieve_series_metadata(STUDY, SERIES)) == [metadata]


async def test_retrievals_one_by_one_as_they_come(web: Web) -> None:
    names = {str(uid(f"i{number}")) for number in range(5)}
    await web.centre.upload(*(dicom(f"i{number}", pixel=number) for number in range(5)))
    for asked in (lambda client: client.iter_study(STUDY), lambda client: client.iter_series(STUDY, SERIES)):
        came = await web.ask(lambda client, asked=asked: [each.SOPInstanceUID for each in asked(client)])
        assert (len(came), set(came)) == (5, names)
    (frame,) = await web.ask(lambda client: list(client.iter_instance_frames(STUDY, SERIES, str(uid("i3")), [1])))
    assert set(np.frombuffer(frame, "<u2")) == {3}


async def test_what_is_sent_compressed_comes_as_it_is_or_plain(web: Web) -> None:
    image = pydicom.dcmread(io.BytesIO(dicom(pixel=700)))
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    await web.ask(lambda client: client.store_instances([image]))
    kept = await web.ask(
        lambda client: client.retrieve_instance(STUDY, SERIES, INSTANCE, media_types=(("application/dicom", "*"),))
    )
    assert kept.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert kept == image
    plain = await web.ask(
        lambda client: client.retrieve_instance(
            STUDY, SERIES, INSTANCE, media_types=(("application/dicom", ExplicitVRLittleEndian),)
        )
    )
    (of_study,) = await web.ask(lambda client: client.retrieve_study(STUDY))
    for image in (plain, of_study):
        assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert set(image.pixel_array.flat) == {700}
    (stream,) = await web.ask(
        lambda client: client.retrieve_instance_frames(
            STUDY, SERIES, INSTANCE, [1], media_types=(("image/jls", JPEGLSLossless),)
        )
    )
    assert stream.startswith(b"\xff\xd8\xff")
    (octets,) = await web.ask(lambda client: client.retrieve_instance_frames(STUDY, SERIES, INSTANCE, [1]))
    assert set(np.frombuffer(octets, "<u2")) == {700}


async def test_an_ecgs_samples_are_a_bulk_value(web: Web) -> None:
    await web.ask(lambda client: client.store_instances([pydicom.dcmread(io.BytesIO(waveform_file()))]))
    (study,) = await web.ask(lambda client: client.search_for_studies())
    (metadata,) = await web.ask(lambda client: client.retrieve_study_metadata(study["0020000D"]["Value"][0]))
    address = metadata["54000100"]["Value"][0]["54001010"]["BulkDataURI"]
    samples = np.stack(list(twelve().values()), axis=1).astype("<i2").tobytes()
    assert await web.ask(lambda client: client.retrieve_bulkdata(address)) == [samples]
    assert await web.ask(lambda client: list(client.iter_bulkdata(address))) == [samples]


async def test_pixels(web: Web) -> None:
    await web.centre.upload(dicom(pixel=700))
    frames = await web.ask(lambda client: client.retrieve_instance_frames(STUDY, SERIES, INSTANCE, [1]))
    assert np.frombuffer(frames[0], "<u2").tolist() == [700] * 256
    (metadata,) = await web.ask(lambda client: client.retrieve_series_metadata(STUDY, SERIES))
    address = metadata["7FE00010"]["BulkDataURI"]
    assert await web.ask(lambda client: client.retrieve_bulkdata(address)) == frames
    assert await web.ask(lambda client: list(client.iter_bulkdata(address))) == frames


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg"])
async def test_pictures(web: Web, kind: str) -> None:
    await web.centre.upload(dicom(pixel=700))
    picture = await web.ask(
        lambda client: client.retrieve_instance_rendered(STUDY, SERIES, INSTANCE, media_types=(kind,))
    )
    assert Image.open(io.BytesIO(picture)).size == (16, 16)
    again = await web.ask(
        lambda client: client.retrieve_instance_frames_rendered(STUDY, SERIES, INSTANCE, [1], media_types=(kind,))
    )
    assert again == picture
    of_series = await web.ask(lambda client: client.retrieve_series_rendered(STUDY, SERIES, media_types=(kind,)))
    assert Image.open(io.BytesIO(of_series)).size == (16, 16)
