"""Answers as different servers frame them."""

import io

import pytest

from bench.wire import Target, read_body, read_head


def reader(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


@pytest.mark.parametrize(
    ("framed", "rest"),
    [
        (b"Content-Length: 10\r\n\r\n0123456789NEXT", b"NEXT"),
        (b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6;x=y\r\n456789\r\n0\r\n\r\nNEXT", b"NEXT"),
        (b"Transfer-Encoding: Chunked\r\n\r\na\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nNEXT", b"NEXT"),
        (b"Connection: close\r\n\r\n0123456789", b""),
    ],
)
def test_a_body_ends_where_its_framing_says(framed: bytes, rest: bytes) -> None:
    file = reader(b"HTTP/1.1 200 OK\r\n" + framed)
    status, fields = read_head(file)
    assert (status, read_body(file, fields)) == (200, b"0123456789")
    assert file.read() == rest


def test_field_names_are_lower_case_and_values_keep_their_colons() -> None:
    _, fields = read_head(reader(b"HTTP/1.1 404 Not Found\r\nLOCATION:  http://a:1/b \r\n\r\n"))
    assert fields == {"location": "http://a:1/b"}


def test_a_connection_that_ends_before_its_answer_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="closed"):
        read_head(reader(b""))


def test_only_those_who_must_say_who_they_are_do() -> None:
    assert b"Authorization" not in Target(1, "/dicom-web").get("/studies", "*/*")
    asked = Target(1, token="t").get("/studies", "*/*", gzip=True)
    assert asked.startswith(b"GET /dicomweb/studies HTTP/1.1\r\nHost: 127.0.0.1:1\r\nAuthorization: Bearer t\r\n")
    assert asked.endswith(b"Accept: */*\r\nAccept-Encoding: gzip\r\n\r\n")
