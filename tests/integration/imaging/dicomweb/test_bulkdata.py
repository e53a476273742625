"""All bulk values of a study, a series, an instance: the same bytes as one by one, with the same names."""

import io

from pydicom import dcmread
from pydicom.uid import RLELossless

from tests.integration.imaging.dicomweb.conftest import Web
from tests.integration.imaging.dicomweb.parts import parts_of
from tests.support import dicom_files
from tests.support.dicom import dicom, uid

S, R, I = (str(uid(name)) for name in ("s1", "r1", "i1"))  # noqa: E741 - study, series, instance
STUDY = f"/studies/{S}"
SERIES = f"{STUDY}/series/{R}"
OCTETS = 'multipart/related; type="application/octet-stream"'


def with_long_value(content: bytes, length: int = 8192) -> bytes:
    data_set = dcmread(io.BytesIO(content))
    data_set.add_new(0x00090010, "LO", "GONGZHEN TEST")
    data_set.add_new(0x00091001, "OB", bytes(range(256)) * (length // 256))
    return written(data_set)


def compressed(content: bytes) -> bytes:
    data_set = dcmread(io.BytesIO(content))
    data_set.compress(RLELossless, generate_instance_uid=False)
    return written(data_set)


def written(data_set: dicom_files.Dataset) -> bytes:
    target = io.BytesIO()
    data_set.save_as(target, enforce_file_format=True)
    return target.getvalue()


async def test_every_value_under_its_own_uri(web: Web) -> None:
    await web.centre.upload(with_long_value(dicom(pixel=7)), dicom("i2", pixel=8), dicom("i3", series="r2", pixel=9))
    uris = []
    for model in (await web.get(f"{STUDY}/metadata")).json():
        uris += [item["BulkDataURI"] for item in model.values() if "BulkDataURI" in item]
    parts = parts_of(await web.get(f"{STUDY}/bulkdata", accept=OCTETS))
    assert sorted(head["content-location"] for head, _ in parts) == sorted(uris)
    assert len(parts) == 4
    for head, body in parts:
        assert (await web.get(head["content-location"], accept="application/octet-stream")).content == body
    pixels = parts_of(await web.get(f"{STUDY}/pixeldata"))
    assert [body[0] for _, body in pixels] == [7, 8, 9]
    assert [len(parts_of(await web.get(f"{SERIES}/{what}"))) for what in ("bulkdata", "pixeldata")] == [3, 2]
    assert len(parts_of(await web.get(f"{SERIES}/instances/{I}/bulkdata"))) == 2


async def test_compressed_pixels_are_a_part_a_frame(web: Web) -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(modality="US"), 8, 8, bits=8, frames=3)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    plain = dicom_files.to_bytes(data_set)
    await web.centre.upload(compressed(plain))
    study = f"/studies/{data_set.StudyInstanceUID}"
    frames = [data_set.PixelData[start : start + 64] for start in range(0, 192, 64)]
    decoded = parts_of(await web.get(f"{study}/pixeldata", accept=OCTETS))
    assert [body for _, body in decoded] == frames
    assert [head["content-location"].rsplit("/", 2)[1:] for head, _ in decoded] == [["frames", n] for n in "123"]
    stored = parts_of(await web.get(f"{study}/bulkdata", accept=f"{OCTETS}; transfer-syntax=*"))
    assert {head["content-type"] for head, _ in stored} == {
        "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5"
    }
    for head, body in stored:
        ((_, alone),) = parts_of(await web.get(head["content-location"], accept=f"{OCTETS}; transfer-syntax=*"))
        assert alone == body


async def test_what_cannot_be_had_is_said(web: Web) -> None:
    await web.centre.upload(dicom(pixel=1), compressed(dicom("i2", rows=64, columns=64)))
    rle = "multipart/related; type=image/dicom-rle"
    partial = await web.get(f"{STUDY}/pixeldata", accept=rle)
    assert (partial.status_code, len(parts_of(partial))) == (206, 1)
    for accept in ("multipart/related; type=image/jp2", "application/octet-stream", "image/png"):
        assert (await web.get(f"{STUDY}/bulkdata", accept=accept)).status_code == 406, accept
    assert (await web.get(f"{STUDY}/series/{uid('none')}/bulkdata")).status_code == 404
