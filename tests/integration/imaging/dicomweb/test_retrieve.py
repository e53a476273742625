"""WADO-RS: what Accept decides, what is cached, and the calls of OHIF."""

import hashlib
import io

from PIL import Image
from pydicom import dcmread
from pydicom.uid import RLELossless

from tests.integration.imaging.dicomweb.conftest import Web
from tests.integration.imaging.dicomweb.parts import parts_of
from tests.support import dicom_files
from tests.support.dicom import dicom, uid

S, R, I = (str(uid(name)) for name in ("s1", "r1", "i1"))  # noqa: E741 - study, series, instance
INSTANCE = f"/studies/{S}/series/{R}/instances/{I}"
OHIF_PIXELS = 'multipart/related; type="application/octet-stream"; transfer-syntax="*"'


def film(**options: object) -> bytes:
    return dicom(rows=64, columns=32, **options)  # type: ignore[arg-type]


def compressed(content: bytes) -> bytes:
    data_set = dcmread(io.BytesIO(content))
    data_set.compress(RLELossless, generate_instance_uid=False)
    target = io.BytesIO()
    data_set.save_as(target, enforce_file_format=True)
    return target.getvalue()


async def test_the_calls_of_ohif(web: Web) -> None:
    content = film(pixel=77)
    await web.centre.upload(content)
    fields = "00081030,00080060,00080090,00100030"
    query = f"limit=101&offset=0&fuzzymatching=false&includefield={fields}&PatientName=*测*&00100020=*P0*"
    (study,) = (await web.get(f"/studies?{query}", accept=OHIF_PIXELS)).json()
    study_uid = study["0020000D"]["Value"][0]
    (series,) = (await web.get(f"/studies/{study_uid}/series?includefield=0008103E,00080021")).json()
    series_url = f"/studies/{study_uid}/series/{series['0020000E']['Value'][0]}"
    (metadata,) = (await web.get(f"{series_url}/metadata", accept=OHIF_PIXELS)).json()
    instance_url = f"{series_url}/instances/{metadata['00080018']['Value'][0]}"
    ((head, frame),) = parts_of(await web.get(f"{instance_url}/frames/1", accept=OHIF_PIXELS))
    assert head["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert frame == dcmread(io.BytesIO(content)).PixelData
    bulk = await web.get(metadata["7FE00010"]["BulkDataURI"], accept="application/octet-stream")
    assert bulk.content == frame
    thumbnail = await web.get(f"{instance_url}/thumbnail", accept="image/jpeg")
    assert Image.open(io.BytesIO(thumbnail.content)).size == (64, 128)


async def test_compressed_frames_leave_as_stored_or_decoded(web: Web) -> None:
    plain = film(pixel=77)
    await web.centre.upload(compressed(plain))
    stored = {
        OHIF_PIXELS: "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5",
        "multipart/related; type=image/dicom-rle": "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5",
        'multipart/related; type="*/*"; transfer-syntax=*': "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5",
    }
    for accept, content_type in stored.items():
        ((head, frame),) = parts_of(await web.get(f"{INSTANCE}/frames/1", accept=accept))
        assert (head["content-type"], len(frame) < 500) == (content_type, True)
    for accept in ("multipart/related; type=application/octet-stream", "*/*", "image/jp2, application/octet-stream"):
        answer = await web.get(f"{INSTANCE}/frames/1", accept=accept)
        body = answer.content if accept.startswith("image") else parts_of(answer)[0][1]
        assert body == dcmread(io.BytesIO(plain)).PixelData
    refused = await web.get(f"{INSTANCE}/frames/1", accept="multipart/related; type=image/jp2")
    assert (refused.status_code, refused.json()["offered"][0]) == (
        406,
        "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5",
    )


async def test_several_frames_in_the_order_asked_for(web: Web) -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(modality="US"), 8, 8, bits=8, frames=4)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    await web.centre.upload(dicom_files.to_bytes(data_set))
    url = (
        f"/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}/instances/{data_set.SOPInstanceUID}"
    )
    frames = [data_set.PixelData[start : start + 64] for start in range(0, 256, 64)]
    bodies = [body for _, body in parts_of(await web.get(f"{url}/frames/4,1,2"))]
    assert bodies == [frames[3], frames[0], frames[1]]
    assert [body for _, body in parts_of(await web.get(f"{url}/pixeldata"))] == frames
    for frame_list, status in (("5", 404), ("0", 404), ("a", 400), ("1,", 400), ("-1", 400), ("1," * 5001 + "1", 400)):
        assert (await web.get(f"{url}/frames/{frame_list}")).status_code == status, frame_list[:9]


async def test_a_study_leaves_as_stored_byte_for_byte(web: Web) -> None:
    contents = {
        hashlib.sha256(each).hexdigest() for each in (film(), film(instance="i2"), film(instance="i3", series="r2"))
    }
    await web.centre.upload(film(), film(instance="i2"), film(instance="i3", series="r2"))
    answer = await web.get(f"/studies/{S}", accept='multipart/related; type="application/dicom"; transfer-syntax=*')
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert {hashlib.sha256(body).hexdigest() for _, body in parts_of(answer)} == contents
    manifest = (await web.get(f"{web.origin}/imaging/v1/studies/{S}/manifest")).json()
    assert {each["sha256"] for each in manifest["instances"]} == contents
    assert manifest["count"] == 3 and all(each["durable_at"] for each in manifest["instances"])
    alone = await web.get(INSTANCE, accept="application/dicom; transfer-syntax=*")
    assert hashlib.sha256(alone.content).hexdigest() in contents


async def test_a_transfer_syntax_there_is_not_is_406_and_one_of_two_is_206(web: Web) -> None:
    await web.centre.upload(film(), compressed(film(instance="i2")))
    rle = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.5'
    assert (await web.get(INSTANCE, accept=rle)).status_code == 406
    partial = await web.get(f"/studies/{S}", accept=rle)
    assert (partial.status_code, len(parts_of(partial))) == (206, 1)
    either = f"{rle}, {rle.replace('1.2.5', '1.2.1')};q=0.5"
    assert len(parts_of(await web.get(f"/studies/{S}", accept=either))) == 2
    assert (await web.get(f"{INSTANCE}?accept=application/dicom", accept="text/html")).status_code == 200


async def test_metadata_are_compressed_and_remembered(web: Web) -> None:
    await web.centre.upload(film())
    url = f"/studies/{S}/series/{R}/metadata"
    first = await web.get(url, Accept_Encoding="gzip")
    assert first.headers["content-encoding"] == "gzip"
    plain = await web.get(url, Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers and plain.json() == first.json()
    etag = first.headers["etag"]
    assert (await web.get(url, If_None_Match=etag)).status_code == 304
    await web.centre.upload(film(), film(instance="i2"))
    again = await web.get(url, If_None_Match=etag)
    assert (again.status_code, len(again.json())) == (200, 2)


async def test_metadata_are_whole_and_in_utf_8(web: Web) -> None:
    table = bytes(range(256)) * 20
    content = dicom_files.base_data_set()
    content = dicom_files.add_pixels(content, 8, 8)
    content.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    content.add_new(0x00420011, "OB", table)
    await web.centre.upload(dicom_files.to_bytes(content))
    (metadata,) = (await web.get(f"/studies/{content.StudyInstanceUID}/metadata")).json()
    assert list(metadata) == sorted(metadata)
    assert metadata["00080005"]["Value"] == ["ISO_IR 192"]
    assert metadata["00100010"]["Value"] == [{"Alphabetic": "Ce^Shi Jia", "Ideographic": "测试^甲"}]
    assert "InlineBinary" not in metadata["00420011"]
    uri = metadata["00420011"]["BulkDataURI"]
    assert (await web.get(uri, accept="application/octet-stream")).content == table
    ((_, body),) = parts_of(await web.get(uri, accept="multipart/related; type=application/octet-stream"))
    assert body == table
    assert (await web.get(uri.replace("00420011", "00420012"))).status_code == 404


async def test_pictures(web: Web) -> None:
    await web.centre.upload(film(pixel=77))
    sizes = {
        "": (32, 64),
        "viewport=16,16": (8, 16),
        "viewport=20,20,0,0,20,10": (20, 10),
        "window=40,400,linear&quality=1": (32, 64),
    }
    for query, size in sizes.items():
        for accept, kind in (("image/png", "PNG"), ("image/jpeg", "JPEG"), ("*/*", "JPEG"), ("image/*;q=0.1", "JPEG")):
            answer = await web.get(f"{INSTANCE}/rendered?{query}", accept=accept)
            assert answer.status_code == 200, answer.text
            picture = Image.open(io.BytesIO(answer.content))
            assert (picture.size, picture.format) == (size, kind)
    assert (await web.get(f"{INSTANCE}/rendered", accept="image/gif")).status_code == 406


async def test_the_window_decides_the_grey(web: Web) -> None:
    await web.centre.upload(film(pixel=77))
    shades = {
        "0,10,linear": 255,
        "500,10,linear": 0,
        "77,100,linear-exact": 128,
        "77,100,sigmoid": 128,
        "77,101": 129,
    }
    for window, shade in shades.items():
        answer = await web.get(f"{INSTANCE}/rendered?window={window}", accept="image/png")
        ((_, found),) = Image.open(io.BytesIO(answer.content)).getcolors()  # type: ignore[misc]
        assert abs(int(found) - shade) <= 1, window  # type: ignore[arg-type]


async def test_bad_pictures_are_a_400(web: Web) -> None:
    await web.centre.upload(film())
    for query in (
        "window=1", "window=1,0", "window=nan,1", "window=1,1,cubic", "quality=0", "quality=x", "viewport=0,1",
        "quality=" + "0" * 5000, "viewport=1", "viewport=99999,1", "viewport=1,1,0,0,0,1",
    ):  # fmt: skip
        answer = await web.get(f"{INSTANCE}/rendered?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter"), query


async def test_a_header_may_say_any_number_of_frames(web: Web) -> None:
    """Of Float Pixel Data nothing was reckoned when it came in."""
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(modality="MR"), 8, 8, bits=16, frames=2)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.30"
    data_set.FloatPixelData, data_set.BitsAllocated = bytes(2 * 8 * 8 * 4), 32
    data_set.NumberOfFrames = 2_000_000_000
    del data_set.PixelData
    assert (await web.centre.upload(dicom_files.to_bytes(data_set))).status_code == 202
    url = (
        f"/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}/instances/{data_set.SOPInstanceUID}"
    )
    answers = [await web.get(f"{url}/{path}") for path in ("frames/2", "frames/3", "pixeldata")]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
