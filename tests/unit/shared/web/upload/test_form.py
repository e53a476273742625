"""The push parser: any order of parts, any cut of the bytes, limits while they arrive, and nothing forgiven."""

import hashlib
from pathlib import Path

import pytest

from shared.errors import GongzhenError, Invalid, TooLarge, Unreadable, UnsupportedKind
from shared.web.upload.form import ORDER_MAX_BYTES, FormParser, ReceivedForm, boundary_of
from shared.web.upload.spool import Spool
from tests.support.multipart import BOUNDARY, closing, part


def parse(body: bytes, folder: Path, *, step: int = 1 << 20, max_files: int = 10) -> tuple[ReceivedForm, Spool]:
    spool = Spool(folder, memory_bytes=64)
    parser = FormParser(BOUNDARY, spool, max_files=max_files)
    for start in range(0, len(body), step):
        parser.feed(body[start : start + step])
    return parser.finish(), spool


@pytest.mark.parametrize("step", [1, 7, 100, 1 << 20])
def test_parts_come_whole_however_the_bytes_are_cut(step: int, tmp_path: Path) -> None:
    first, second = b"a\r\n--gongzhenbound" * 20, bytes(range(256)) * 3
    body = part("files", first, filename="dir/一.dcm") + part("order", b"{}") + part("x", second) + closing()
    form, spool = parse(body, tmp_path, step=step)
    assert form.order == b"{}"
    assert [file.name for file in form.files] == ["dir/一.dcm", ""]
    assert [spool.view(file.offset, file.length).read() for file in form.files] == [first, second]
    assert [file.sha256 for file in form.files] == [hashlib.sha256(data).hexdigest() for data in (first, second)]
    spool.close()


def test_an_order_may_be_a_file_with_a_type_and_come_last(tmp_path: Path) -> None:
    body = part("files", b"x", filename="x") + part(
        "order", b'{"a":1}', filename="order.json", headers=[b"Content-Type: application/json"]
    )
    form, spool = parse(body + closing(), tmp_path)
    assert (form.order, len(form.files)) == (b'{"a":1}', 1)
    spool.close()


def test_file_names_of_chinese_windows_are_read_and_control_characters_dropped(tmp_path: Path) -> None:
    body = part("files", b"x", filename="测试\t.dcm".encode("gbk")) + closing()
    form, spool = parse(body, tmp_path)
    assert form.files[0].name == "测试.dcm"
    spool.close()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (part("order", b"{}") + part("files", b"x", filename="x"), Unreadable),
        (b"no boundary at all", Unreadable),
        (b"--" + BOUNDARY + b"\r\nContent-Type: text/plain\r\n\r\nx\r\n" + closing(), Unreadable),
        (part("files", b"eA==", headers=[b"Content-Transfer-Encoding: base64"]) + closing(), Unreadable),
        (part("order", b"{}") + part("order", b"{}") + closing(), Invalid),
        (part("order", b" " * (ORDER_MAX_BYTES + 1)) + closing(), TooLarge),
        (part("files", b"x") * 11 + closing(), TooLarge),
    ],
)
def test_what_cannot_be_a_form_is_refused(body: bytes, error: type[GongzhenError], tmp_path: Path) -> None:
    with pytest.raises(error):
        parse(body, tmp_path)


@pytest.mark.parametrize("content_type", [None, "", "application/json", "multipart/related; boundary=x"])
def test_another_content_type_is_unsupported(content_type: str | None) -> None:
    with pytest.raises(UnsupportedKind):
        boundary_of(content_type)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_form_without_a_boundary_cannot_be_read(content_type: str) -> None:
    with pytest.raises(Unreadable):
        boundary_of(content_type)
