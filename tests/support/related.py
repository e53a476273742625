"""Bodies of multipart/related, made by hand so that they can also be wrong."""

from collections.abc import Sequence

BOUNDARY = b"gongzhen related"
CONTENT_TYPE = f'multipart/related; type="application/dicom"; boundary="{BOUNDARY.decode()}"'
DICOM = b"Content-Type: application/dicom"


def related_part(data: bytes, headers: Sequence[bytes] = (DICOM,), boundary: bytes = BOUNDARY) -> bytes:
    return b"\r\n".join([b"--" + boundary, *headers, b"", data]) + b"\r\n"


def related(files: Sequence[bytes], boundary: bytes = BOUNDARY) -> bytes:
    return b"".join(related_part(data, boundary=boundary) for data in files) + b"--" + boundary + b"--\r\n"
