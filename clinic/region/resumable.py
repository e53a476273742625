"""Resumable uploads: tus 1.0 (tus.io) at ``/imaging/v1/uploads``. A cut line costs what was on its way, no more."""

from base64 import b64encode

import httpx

from clinic.region.client import RegionClient
from clinic.region.outcomes import RegionAway, raise_for, read_answer
from clinic.region.transport import Parcel, Progress, blocks, case_id_of

_TUS = {"Tus-Resumable": "1.0.0"}
_GONE = frozenset({403, 404, 410})
_TYPE = "application/offset+octet-stream"


class NotOffered(Exception):
    """This region has no resumable uploads."""


class Resumable:
    """For parcels of one file. No checksum of each request: it would make the region throw away what a cut request had
    brought; the ZIP's own CRCs guard the bytes."""

    def __init__(self, client: RegionClient) -> None:
        self._client = client

    def deliver(self, parcel: Parcel, progress: Progress) -> str:
        """Also raises NotOffered."""
        url = parcel.upload_url
        offset = self._offset(url) if url is not None else None
        if url is None or offset is None:
            url = self._create(parcel)
            progress.keep_upload_url(url)
            offset = 0
        progress.sent(offset)
        (file,) = parcel.files
        if offset < file.size_bytes:
            self._send(url, parcel, progress, offset)
        finished = self._client.send("POST", f"{url}/finish", headers=_TUS)
        if finished.status_code in _GONE:
            progress.keep_upload_url(None)  # expired in between: begun again
            raise RegionAway("upload_expired")
        return case_id_of(read_answer(finished))

    def _send(self, url: str, parcel: Parcel, progress: Progress, offset: int) -> None:
        (file,) = parcel.files
        response = self._client.send(
            "PATCH",
            url,
            headers={
                **_TUS,
                "Content-Type": _TYPE,
                "Upload-Offset": str(offset),
                "Content-Length": str(file.size_bytes - offset),
            },
            body=lambda: blocks(file, progress, offset),
        )
        if response.status_code in _GONE:
            progress.keep_upload_url(None)
            raise RegionAway("upload_expired")
        raise_for(response)

    def _offset(self, url: str) -> int | None:
        """None where the upload is gone."""
        response = self._client.send("HEAD", url, headers=_TUS)
        if response.status_code in _GONE:
            return None
        if response.status_code != 200:
            raise RegionAway(f"http_{response.status_code}")
        return _number(response, "upload-offset")

    def _create(self, parcel: Parcel) -> str:
        (file,) = parcel.files
        metadata = {"filename": file.name, "order": parcel.order_json}
        response = self._client.send(
            "POST",
            f"/{parcel.center}/v1/uploads",
            headers={
                **_TUS,
                "Upload-Length": str(file.size_bytes),
                "Upload-Metadata": ",".join(
                    f"{key} {b64encode(text.encode()).decode()}" for key, text in metadata.items()
                ),
            },
        )
        if response.status_code in (404, 405):
            raise NotOffered
        raise_for(response)
        location = response.headers.get("location", "")
        path = httpx.URL(location).path
        if response.status_code != 201 or not path.startswith(f"/{parcel.center}/v1/uploads/"):
            raise RegionAway("not_the_region")
        return path


def _number(response: httpx.Response, header: str) -> int:
    text = response.headers.get(header, "")
    if not text.isdigit():
        raise RegionAway("not_the_region")
    return int(text)
