"""multipart/related read back by the standard library's parser of messages, which is not ours."""

from email.parser import BytesParser
from email.policy import compat32

import httpx


def parts_of(answer: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """(headers in lower case, body) of each part; the boundary is the one that the header names."""
    boundary = answer.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    content = b"\r\n" + answer.content
    pieces = content.split(b"\r\n--" + boundary)
    assert pieces[0].strip(b"\r\n") == b""
    assert pieces[-1].strip() == b"--"
    found = []
    for piece in pieces[1:-1]:
        head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        message = BytesParser(policy=compat32).parsebytes(head + b"\r\n\r\n", headersonly=True)
        headers = {name.lower(): str(value) for name, value in message.items()}
        if "content-length" in headers:
            assert int(headers["content-length"]) == len(body)
        found.append((headers, body))
    return found
