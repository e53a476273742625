"""What a compressed image was made of stands beside it in the manifest, on its clinic's word."""

import hashlib
from typing import Any

import httpx

from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid

S, I = str(uid("s1")), str(uid("i1"))  # noqa: E741 - study, instance
SENT = hashlib.sha256(dicom()).hexdigest()
EXPLICIT = "1.2.840.10008.1.2.1"


def said(**other: str) -> dict[str, str]:
    return {"sop_instance_uid": I, "sent_sha256": SENT, "sha256": "a" * 64, "transfer_syntax_uid": EXPLICIT, **other}


async def tell(web: Web, *originals: dict[str, str], username: str = "clinic1") -> httpx.Response:
    headers = {"Authorization": f"Bearer {username}"}
    return await web.http.post(
        f"{web.origin}/imaging/v1/originals", json={"originals": list(originals)}, headers=headers
    )


async def manifest(web: Web) -> dict[str, Any]:
    found = (await web.get(f"{web.origin}/imaging/v1/studies/{S}/manifest")).json()
    return {each["sop_instance_uid"]: each["original"] for each in found["instances"]}


async def test_the_manifest_names_both_digests(web: Web) -> None:
    await web.centre.upload(dicom(), dicom("i2"))
    assert await manifest(web) == {I: None, str(uid("i2")): None}
    for _ in range(2):
        assert (await tell(web, said())).json() == {"noted": 1, "unknown": []}
    assert await manifest(web) == {I: {"sha256": "a" * 64, "transfer_syntax_uid": EXPLICIT}, str(uid("i2")): None}


async def test_nothing_is_noted_of_other_bytes_or_of_another_s_image(web: Web) -> None:
    await web.centre.upload(dicom())
    other = said(sop_instance_uid="1.2.3")
    assert (await tell(web, said(sent_sha256="b" * 64), other)).json() == {"noted": 0, "unknown": [I, "1.2.3"]}
    assert (await tell(web, said(), username="clinic2")).json() == {"noted": 0, "unknown": [I]}
    assert (await tell(web, said(), username="reader1")).status_code == 403
    assert await manifest(web) == {I: None}


async def test_what_is_no_digest_is_refused(web: Web) -> None:
    for wrong in ({"sha256": "A" * 64}, {"sent_sha256": ""}, {"sop_instance_uid": "/"}, {"transfer_syntax_uid": "\0"}):
        assert (await tell(web, said(**wrong))).status_code == 422, wrong
    assert (await tell(web)).status_code == 422


async def test_a_uid_that_is_stored_may_be_spoken_of(web: Web) -> None:
    """Anonymizers write hexadecimal UIDs: one among a thousand must not have all refused."""
    own = str(uid("i2"))
    odd = "a" * len(own)
    image = dicom("i2").replace(own.encode(), odd.encode())
    assert (await web.centre.upload(dicom(), image)).status_code == 202
    told = await tell(web, said(), said(sop_instance_uid=odd, sent_sha256=hashlib.sha256(image).hexdigest()))
    assert (told.status_code, told.text) == (200, '{"noted":2,"unknown":[]}')
