"""What a viewer waits for: metadata of a series of 300, frames of CT and of films. Every study is new to its server."""

import io
from collections.abc import Callable

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DigitalXRayImageStorageForPresentation, JPEGBaseline8Bit

from bench.orthanc.arena import Arena, rounds
from bench.orthanc.rows import NO_AIM, NO_SLOWER, Aim, Better, Row
from bench.orthanc.timing import each_ms, one_ms
from bench.store_client import request, series_uid, sop_uid, study_uid
from bench.wire import Line, ask_all
from tests.support.dicom_files import add_pixels, base_data_set, to_bytes

_SLICES = 300
_FRAMES, _CALLS, _FILMS = 40, 10, 3
_SIDE = 3000
_JSON = "application/dicom+json"
_NATIVE = 'multipart/related; type="application/octet-stream"'  # Explicit VR LE, as all of these but JPEG are stored
_JPEG = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'


def rows(arena: Arena) -> list[Row]:
    return [*_series(arena), _films(arena, "DX, 16 bit", _native, _NATIVE), _films(arena, "DX, JPEG", _jpeg, _JPEG)]


def _series(arena: Arena) -> list[Row]:
    cold: dict[str, list[float]] = {}
    cached: dict[str, list[float]] = {}
    plain: dict[str, list[float]] = {}
    frames: dict[str, list[float]] = {}
    for side in rounds(arena.sides()):
        study = arena.study()
        files = [arena.slices.slice(study, number) for number in range(_SLICES)]
        ask_all(side.target.port, [request(side.target, files[n::30]) for n in range(30)], 1)
        arena.settle()
        series = f"/studies/{study_uid(study)}/series/{series_uid(study)}"
        metadata = side.target.get(f"{series}/metadata", _JSON, gzip=True)
        urls = [f"{series}/instances/{sop_uid(study, n)}/frames/1" for n in range(0, _SLICES, _SLICES // _FRAMES)]
        with Line(side.target.port) as line:
            cold.setdefault(side.name, []).append(one_ms(line, metadata))
            cached.setdefault(side.name, []).extend(each_ms(line, [metadata] * _CALLS))
            again = [side.target.get(f"{series}/metadata", _JSON)] * _CALLS
            plain.setdefault(side.name, []).extend(each_ms(line, again))
            asked = [side.target.get(url, _NATIVE) for url in urls]
            frames.setdefault(side.name, []).extend(each_ms(line, asked))
    name = f"series metadata of {_SLICES}"
    return [
        Row(f"{name}, cold", "ms", cold, Better.less, NO_SLOWER, "first call after the data came, gzip"),
        Row(f"{name}, cached", "ms", cached, Better.less, Aim(times=1, most=20), "gzip"),
        Row(f"{name}, cached", "ms", plain, Better.less, NO_AIM, "a client without gzip"),
        Row("one frame of a 512×512 CT", "ms", frames, Better.less, NO_SLOWER),
    ]


def _films(arena: Arena, name: str, make: Callable[[Dataset], bytes], accept: str) -> Row:
    """The first frame of films that nobody has asked for before."""
    values: dict[str, list[float]] = {}
    for side in rounds(arena.sides()):
        asked = []
        for _ in range(_FILMS):
            film = base_data_set(modality="DX")
            film.SOPClassUID = DigitalXRayImageStorageForPresentation
            ask_all(side.target.port, [request(side.target, [make(film)])], 1)
            study = f"/studies/{film.StudyInstanceUID}/series/{film.SeriesInstanceUID}"
            asked.append(side.target.get(f"{study}/instances/{film.SOPInstanceUID}/frames/1", accept))
        arena.settle()
        with Line(side.target.port) as line:
            values.setdefault(side.name, []).extend(each_ms(line, asked))
    return Row(f"first frame of a {_SIDE}×{_SIDE} {name}", "ms", values, Better.less, NO_SLOWER)


def _native(film: Dataset) -> bytes:
    return to_bytes(add_pixels(film, _SIDE, _SIDE))


def _jpeg(film: Dataset) -> bytes:
    """As stored, 8 bit, with noise enough to be some megabytes."""
    add_pixels(film, _SIDE, _SIDE, bits=8)
    noise = Image.effect_noise((_SIDE, _SIDE), 12)
    packed = io.BytesIO()
    noise.save(packed, "JPEG", quality=90)
    film.PixelData = encapsulate([packed.getvalue()])
    film["PixelData"].VR = "OB"
    film["PixelData"].is_undefined_length = True
    film.LossyImageCompression = "01"
    return to_bytes(film, JPEGBaseline8Bit)
