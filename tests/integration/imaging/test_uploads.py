"""Resumable uploads: the protocol to the letter, durable offsets, quota, and a case at the end."""

import asyncio
import base64
import hashlib
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from services.imaging.uploads import sweep
from tests.integration.imaging.conftest import ORDER, Centre
from tests.support.dicom import archive, dicom, uid

TUS = {"Tus-Resumable": "1.0.0"}
OFFSETS = "application/offset+octet-stream"


def metadata(**values: str) -> str:
    return ",".join(
        f"{key.replace('_', '-')} {base64.b64encode(value.encode()).decode()}" for key, value in values.items()
    )


def digest(data: bytes, name: str = "sha1") -> str:
    return f"{name} {base64.b64encode(hashlib.new(name, data).digest()).decode()}"


class Line:
    """One clinic's view of one upload."""

    def __init__(self, centre: Centre, username: str = "clinic1") -> None:
        self.centre = centre
        self.username = username
        self.path = ""

    async def call(self, method: str, path: str | None = None, content: bytes = b"", **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return await self.centre.http.request(
            method,
            self.path if path is None else path,
            content=content,
            headers={"Authorization": f"Bearer {self.username}", **TUS, **named},
        )

    async def create(self, length: int, content: bytes = b"", **more: str) -> httpx.Response:
        more.setdefault("Upload_Metadata", metadata(filename="一.dcm", order=json.dumps(ORDER)))
        answer = await self.call("POST", "/imaging/v1/uploads", content, Upload_Length=str(length), **more)
        self.path = answer.headers.get("location", self.path)
        return answer

    async def send(self, data: bytes, offset: int, **more: str) -> httpx.Response:
        return await self.call("PATCH", None, data, Upload_Offset=str(offset), Content_Type=OFFSETS, **more)

    async def offset(self) -> int:
        answer = await self.call("HEAD")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        return int(answer.headers["upload-offset"])


async def test_the_server_says_what_it_speaks(centre: Centre) -> None:
    answer = await centre.http.options("/imaging/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation", "creation-with-upload", "expiration", "checksum", "termination",
    }  # fmt: skip
    assert answer.headers["tus-max-size"] == str(8 << 20)
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


async def test_an_upload_in_pieces_is_a_case_with_the_answer_of_post_cases(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    made = await line.create(len(data))
    assert (made.status_code, made.headers["upload-offset"]) == (201, "0")
    assert parsedate_to_datetime(made.headers["upload-expires"]) > datetime.now(UTC)
    first = await line.send(data[:300], 0)
    assert (first.status_code, first.headers["upload-offset"], first.content) == (204, "300", b"")
    assert await line.offset() == 300
    assert (await line.call("GET")).json()["state"] == "receiving"
    assert (await line.call("HEAD")).headers["upload-length"] == str(len(data))
    last = await line.send(data[300:], 300)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(data)))
    shown = (await line.call("GET")).json()
    assert shown["state"] == "accepted"
    again = await centre.upload(data)
    assert (again.status_code, again.json()) == (200, shown["case"])
    finished = await line.call("POST", f"{line.path}/finish")
    assert (finished.status_code, finished.json()) == (202, shown["case"])
    assert len(centre.objects()) == 1


async def test_the_first_bytes_may_come_with_the_making(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    made = await line.create(len(data), data[:100], Content_Type=OFFSETS)
    assert (made.status_code, made.headers["upload-offset"]) == (201, "100")
    assert (await line.send(data[100:], 100)).status_code == 204
    whole = Line(centre)
    made = await whole.create(len(data), data, Content_Type=OFFSETS, Upload_Checksum=digest(data))
    assert (made.status_code, made.headers["upload-offset"]) == (201, str(len(data)))
    assert (await whole.call("GET")).json()["case"] == (await line.call("GET")).json()["case"]


async def test_a_wrong_offset_writes_nothing(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data))
    await line.send(data[:200], 0)
    for offset in (0, 100, 201, len(data)):
        answer = await line.send(data[200:], offset)
        assert (answer.status_code, answer.json()["code"], answer.json()["offset"]) == (409, "offset_mismatch", 200)
    assert (await line.send(data[200:], 200)).status_code == 204
    assert (await line.call("GET")).json()["state"] == "accepted"


async def test_a_wrong_checksum_takes_nothing_and_the_right_one_all(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data))
    wrong = await line.send(data[:200], 0, Upload_Checksum=digest(b"other"))
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert await line.offset() == 0
    for name, start in (("sha1", 0), ("sha256", 100), ("md5", 200)):
        answer = await line.send(
            data[start : start + 100], start, Upload_Checksum=digest(data[start : start + 100], name)
        )
        assert answer.status_code == 204
    for header, code in (("crc9 AAAA", "tus_checksum_unknown"), ("sha1 !!", "tus_header"), ("sha1", None)):
        answer = await line.send(b"x", 300, Upload_Checksum=header)
        assert answer.status_code in (400, 460)
        assert code is None or answer.json()["code"] == code
    assert (await line.send(data[300:], 300)).status_code == 204


async def test_giving_up_leaves_nothing(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data))
    await line.send(data[:200], 0)
    assert (await line.call("DELETE")).status_code == 204
    assert (await line.call("HEAD")).status_code == 404
    assert (await line.send(data[200:], 200)).status_code == 404
    assert await centre.count("imaging.upload") == 0


async def test_another_clinics_upload_is_not_there(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data))
    stranger = Line(centre, "clinic2")
    stranger.path = line.path
    for method in ("HEAD", "GET", "DELETE"):
        assert (await stranger.call(method)).status_code == 404
    assert (await stranger.send(data, 0)).status_code == 404
    assert (await stranger.call("POST", f"{line.path}/finish")).status_code == 404
    assert (await Line(centre, "reader1").create(10)).status_code == 403
    assert (await Line(centre, "nobody").create(10)).status_code == 401
    await line.call("DELETE")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Tus_Resumable": "0.2.2"}, 412, "tus_version"),
        ({"Upload_Length": "-1"}, 400, "tus_header"),
        ({"Upload_Length": "x"}, 400, "tus_header"),
        ({"Upload_Length": "9" * 30}, 400, "tus_header"),
        ({"Upload_Length": str(9 << 20)}, 413, "upload_too_large"),
        ({"Upload_Metadata": "order !!!"}, 400, "tus_header"),
        ({"Upload_Metadata": "a b c"}, 400, "tus_header"),
        ({"Upload_Metadata": "a,a"}, 400, "tus_header"),
        ({"Upload_Metadata": metadata(order="{}", case_group="a b")}, 400, "tus_header"),
        ({"Upload_Metadata": metadata(order='{"priority": "soon"}')}, 422, "invalid"),
        ({"Upload_Metadata": metadata(order="no json")}, 422, "invalid"),
    ],
)
async def test_a_request_that_errs_is_told_so(centre: Centre, headers: dict[str, str], status: int, code: str) -> None:
    sent = {"Upload_Length": "10", **headers}
    answer = await Line(centre).call("POST", "/imaging/v1/uploads", **sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await centre.count("imaging.upload") == 0


async def test_no_more_than_was_announced(centre: Centre) -> None:
    line = Line(centre)
    await line.create(100)
    answer = await line.send(b"x" * 101, 0)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_length_exceeded")
    assert (await line.call("PATCH", None, b"x", Upload_Offset="0", Content_Type="text/plain")).status_code == 415
    assert (await line.call("PATCH", None, b"x", Content_Type=OFFSETS)).status_code == 400
    await line.call("DELETE")


async def test_a_clinics_uploads_under_way_have_a_limit(centre: Centre) -> None:
    object.__setattr__(centre.resources.settings, "upload_clinic_bytes", 1000)
    first, second, other = Line(centre), Line(centre), Line(centre, "clinic2")
    assert (await first.create(600)).status_code == 201
    refused = await second.create(600)
    assert (refused.status_code, refused.json()["code"]) == (413, "upload_quota")
    assert (await other.create(600)).status_code == 201
    await first.call("DELETE")
    assert (await second.create(600)).status_code == 201
    await asyncio.gather(second.call("DELETE"), other.call("DELETE"))


async def test_what_is_refused_is_refused_with_the_last_byte_and_told_again(centre: Centre) -> None:
    data, line = b"no image" * 30, Line(centre)
    await line.create(len(data))
    answer = await line.send(data, 0)
    assert (answer.status_code, answer.json()["code"]) == (415, "not_dicom")
    assert await line.offset() == len(data)
    shown = (await line.call("GET")).json()
    assert (shown["state"], shown["problem"]["code"], shown["case"]) == ("refused", "not_dicom", None)
    told = await line.call("POST", f"{line.path}/finish")
    assert (told.status_code, told.json()["code"]) == (415, "not_dicom")
    assert await centre.rows("SELECT code FROM reading.quarantine") == [("not_dicom",)]


async def test_several_uploads_are_one_case(centre: Centre) -> None:
    files = [dicom("i1"), archive({"a/i2": dicom("i2"), "a/i3": dicom("i3"), "a/x.txt": b"x"}), dicom("i4")]
    lines = [Line(centre) for _ in files]
    for number, (line, data) in enumerate(zip(lines, files, strict=True)):
        order = {"order": json.dumps(ORDER)} if number == 1 else {}
        await line.create(len(data), Upload_Metadata=metadata(filename=f"{number}", case_group="g-1", **order))
    for line, data in zip(lines[1:], files[1:], strict=True):
        assert (await line.send(data, 0)).status_code == 204
        assert (await line.call("GET")).json()["state"] == "received"
    early = await lines[1].call("POST", f"{lines[1].path}/finish")
    assert (early.status_code, early.json()["code"]) == (409, "upload_incomplete")
    await lines[0].send(files[0], 0)
    done = await asyncio.gather(*(line.call("POST", f"{line.path}/finish") for line in lines))
    assert {answer.status_code for answer in done} == {202}
    assert all(answer.json() == done[0].json() for answer in done)
    assert [each["name"] for each in done[0].json()["ignored"]] == ["1/a/x.txt"]
    listed = (await centre.get(done[0].json()["links"]["instances"])).json()["instances"]
    assert {each["sop_instance_uid"] for each in listed} == {uid(f"i{number}") for number in range(1, 5)}
    assert len(centre.objects()) == 1


async def test_a_group_that_says_its_size_finishes_by_itself(centre: Centre) -> None:
    lines = [Line(centre), Line(centre)]
    for number, line in enumerate(lines):
        data = dicom(f"i{number}")
        await line.create(
            len(data),
            Upload_Metadata=metadata(filename="f", order=json.dumps(ORDER), case_group="g", case_files="2"),
        )
        assert (await line.send(data, 0)).status_code == 204
    states = [(await line.call("GET")).json() for line in lines]
    assert [state["state"] for state in states] == ["accepted", "accepted"]
    assert await centre.count("imaging.instance") == 2


async def test_what_is_expired_is_gone_with_its_bytes(centre: Centre) -> None:
    line, kept = Line(centre), Line(centre)
    await line.create(100)
    await line.send(b"x" * 50, 0)
    await kept.create(100)
    await kept.send(b"x" * 50, 0)
    await centre.rows(
        "UPDATE imaging.upload SET expires_at = clock_timestamp() - interval '1 s' "
        f"WHERE upload_id = '{line.path.rsplit('/', 1)[1]}' RETURNING 1"
    )
    assert (await line.call("HEAD")).status_code == 404
    assert await sweep.drop_expired(centre.resources) == 1
    assert (await kept.offset(), await centre.count("imaging.upload")) == (50, 1)
    await kept.call("DELETE")


async def test_a_whole_upload_whose_process_died_is_finished_by_the_worker(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data), Upload_Metadata=metadata(order=json.dumps(ORDER), case_group="g"))
    await line.send(data, 0)
    await centre.rows(
        "UPDATE imaging.upload SET case_group = NULL, complete_at = complete_at - interval '1 hour' RETURNING 1"
    )
    assert await sweep.finish_abandoned(centre.resources) == 1
    assert (await line.call("GET")).json()["state"] == "accepted"
    assert await sweep.finish_abandoned(centre.resources) == 0


async def test_a_file_lost_with_its_volume_is_sent_again_from_what_is_there(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data))
    await line.send(data[:300], 0)
    (path,) = centre.resources.settings.spool_dir.iterdir()
    path.unlink()
    answer = await line.send(data[300:], 300)
    assert (answer.status_code, answer.json()["offset"]) == (409, 0)
    assert await line.offset() == 0
    assert (await line.send(data, 0)).status_code == 204


async def test_a_proxy_that_lets_only_post_pass_is_no_hindrance(centre: Centre) -> None:
    data, line = dicom("i1"), Line(centre)
    await line.create(len(data))
    answer = await line.call(
        "POST", None, data, Upload_Offset="0", Content_Type=OFFSETS, X_HTTP_Method_Override="PATCH"
    )
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(data)))
    assert (await line.call("POST")).status_code == 405
