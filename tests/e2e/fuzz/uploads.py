"""Resumable uploads (tus 1.0): who may, and on what."""

import base64
import json

from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation, Valid, authorization
from tests.support.films import order, small_film

UPLOADS = "/imaging/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
ROOM = 1 << 16  # more than generated bodies have bytes


def _metadata(**values: str) -> str:
    pairs = ((key.replace("_", "-"), base64.b64encode(value.encode()).decode()) for key, value in values.items())
    return ",".join(f"{key} {value}" for key, value in pairs)


def _begun(scene: Scene, length: int = ROOM, content: bytes = b"", **metadata: str) -> dict[str, str]:
    """The path of an upload of clinic1."""
    clinic = scene.person("clinic1")
    headers = {**authorization(clinic), **TUS, "Upload-Length": str(length), "Upload-Metadata": _metadata(**metadata)}
    answer = clinic.http.post(UPLOADS, headers=headers | (BYTES if content else {}), content=content)
    assert answer.status_code == 201, answer.text
    return {"upload_id": answer.headers["location"].rsplit("/", 1)[1]}


def _ask_what_is_spoken(scene: Scene) -> Valid:
    return Valid()


def _begin(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), headers={**TUS, "Upload-Length": str(ROOM)})


def _of_begun(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), _begun(scene), TUS)


def _send(scene: Scene) -> Valid:
    headers = {**TUS, **BYTES, "Upload-Offset": "0"}
    return Valid(scene.person("clinic1"), _begun(scene), headers, body={"content": b"more"})


def _finish(scene: Scene) -> Valid:
    """All of one film in a group, which waits for the word that it is whole."""
    patient = scene.new_name("UPLOAD")
    film = small_film(patient)
    path = _begun(scene, len(film), film, filename="IM1", order=json.dumps(order(patient)), case_group=patient)
    return Valid(scene.person("clinic1"), path)


UPLOAD_TABLE: dict[str, Operation] = {
    f"OPTIONS {UPLOADS}": Operation(_ask_what_is_spoken),
    f"POST {UPLOADS}": Operation(_begin),
    f"HEAD {UPLOADS}/{{upload_id}}": Operation(_of_begun),
    f"GET {UPLOADS}/{{upload_id}}": Operation(_of_begun),
    f"PATCH {UPLOADS}/{{upload_id}}": Operation(_send),
    f"DELETE {UPLOADS}/{{upload_id}}": Operation(_of_begun),
    f"POST {UPLOADS}/{{upload_id}}/finish": Operation(_finish),
}
