"""DICOMweb: who may, and on what. Every retrieval is of the one film of the kept case."""

from pydicom.uid import generate_uid

from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.films import small_film
from tests.support.related import CONTENT_TYPE, related

ROOT = "/dicomweb"
STUDY = f"{ROOT}/studies/{{study_uid}}"
SERIES = f"{STUDY}/series/{{series_uid}}"
INSTANCE = f"{SERIES}/instances/{{sop_instance_uid}}"
FRAMES = f"{INSTANCE}/frames/{{frame_list}}"
PIXELS = "7FE00010"
_NAMED = ("study_uid", "series_uid", "sop_instance_uid")


def kept_film(scene: Scene, *names: str) -> dict[str, str]:
    """Of its place those parameters that ``names`` says."""
    (film,) = scene.person("clinic1").call("GET", f"{scene.cases}/{scene.kept}/instances")["instances"]
    place = {**{name: str(film[name]) for name in _NAMED}, "frame_list": "1", "path": PIXELS}
    return {name: place[name] for name in names}


def stored_study(scene: Scene, patient: str) -> str:
    """The UID of a study that a machine sent without an order."""
    study_uid = str(generate_uid())
    clinic = scene.person("clinic1")
    film = small_film(patient, study_uid=study_uid)
    clinic.call("POST", f"{ROOT}/studies", headers={"Content-Type": CONTENT_TYPE}, content=related([film]))
    return study_uid


def _search(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"))


def _store(scene: Scene) -> Valid:
    content = related([small_film(scene.new_name("STORE"))])
    return Valid(scene.person("clinic1"), headers={"Content-Type": CONTENT_TYPE}, body={"content": content})


def _store_in_study(scene: Scene) -> Valid:
    study_uid = str(generate_uid())
    content = related([small_film(scene.new_name("STORE"), study_uid=study_uid)])
    headers = {"Content-Type": CONTENT_TYPE}
    return Valid(scene.person("clinic1"), {"study_uid": study_uid}, headers, body={"content": content})


def _of_study(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), kept_film(scene, "study_uid"))


def _of_series(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), kept_film(scene, "study_uid", "series_uid"))


def _of_instance(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), kept_film(scene, *_NAMED))


def _of_frames(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), kept_film(scene, *_NAMED, "frame_list"))


def _of_bulk_value(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), kept_film(scene, *_NAMED, "path"))


def _note_originals(scene: Scene) -> Valid:
    (film,) = scene.person("clinic1").call("GET", f"{scene.cases}/{scene.kept}/instances")["instances"]
    said = {
        "sop_instance_uid": film["sop_instance_uid"],
        "sent_sha256": film["file_sha256"],
        "sha256": "0" * 64,
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
    }
    return Valid(scene.person("clinic1"), body={"json": {"originals": [said]}})


def _delete(scene: Scene, *names: str) -> Valid:
    """Of a study that nothing else of the scene needs."""
    study_uid = stored_study(scene, scene.new_name("DEL"))
    (image,) = scene.person("clinic1").call("GET", f"{ROOT}/studies/{study_uid}/instances")
    place = {"study_uid": study_uid, "series_uid": image["0020000E"], "sop_instance_uid": image["00080018"]}
    path = {name: place[name] if name == "study_uid" else str(place[name]["Value"][0]) for name in names}
    return Valid(scene.person("admin1"), path, query={"reason": "测试删除"})


def _delete_study(scene: Scene) -> Valid:
    return _delete(scene, "study_uid")


def _delete_series(scene: Scene) -> Valid:
    return _delete(scene, "study_uid", "series_uid")


def _delete_instance(scene: Scene) -> Valid:
    return _delete(scene, *_NAMED)


_PICTURES = ("rendered", "thumbnail")
_VALUES = ("bulkdata", "pixeldata")

DICOMWEB_TABLE: dict[str, Operation] = {
    **{f"GET {ROOT}/{level}": Operation(_search) for level in ("studies", "series", "instances")},
    f"POST {ROOT}/studies": Operation(_store),
    # Anybody may send a study of his own under any UID.
    f"POST {STUDY}": Operation(_store_in_study, has_strangers=False),
    f"GET {STUDY}": Operation(_of_study),
    f"DELETE {STUDY}": Operation(_delete_study),
    f"DELETE {SERIES}": Operation(_delete_series),
    f"DELETE {INSTANCE}": Operation(_delete_instance),
    **{
        f"GET {STUDY}/{what}": Operation(_of_study)
        for what in ("series", "instances", "metadata", *_VALUES, *_PICTURES)
    },
    "GET /imaging/v1/studies/{study_uid}/manifest": Operation(_of_study),
    # A stranger who names another's image is told that he sent none.
    "POST /imaging/v1/originals": Operation(_note_originals, has_strangers=False),
    f"GET {SERIES}": Operation(_of_series),
    **{f"GET {SERIES}/{what}": Operation(_of_series) for what in ("instances", "metadata", *_VALUES, *_PICTURES)},
    f"GET {INSTANCE}": Operation(_of_instance),
    **{f"GET {INSTANCE}/{what}": Operation(_of_instance) for what in ("metadata", *_VALUES, *_PICTURES)},
    f"GET {INSTANCE}/bulkdata/{{path}}": Operation(_of_bulk_value),
    f"GET {FRAMES}": Operation(_of_frames),
    **{f"GET {FRAMES}/{what}": Operation(_of_frames) for what in _PICTURES},
}
