"""A CT of 1,000 slices as a viewer opens it: metadata, the first image, then all others over five connections."""

import time

from bench.orthanc.arena import Arena, Side, rounds
from bench.orthanc.rows import Aim, Better, Row
from bench.store_client import request, series_uid, sop_uid, study_uid
from bench.wire import Line, ask_all

_SLICES = 1000
_CONNECTIONS = 5
_AT_ONCE = 250  # the bodies of all at once would be half a gigabyte more
_NATIVE = 'multipart/related; type="application/octet-stream"'


def rows(arena: Arena) -> list[Row]:
    first: dict[str, list[float]] = {}
    complete: dict[str, list[float]] = {}
    for side in rounds(arena.sides(), most=2, seconds=40):
        study = arena.study()
        _store(arena, side, study)
        arena.settle()
        series = f"/studies/{study_uid(study)}/series/{series_uid(study)}"
        metadata = side.target.get(f"{series}/metadata", "application/dicom+json", gzip=True)
        frames = [side.target.get(f"{series}/instances/{sop_uid(study, n)}/frames/1", _NATIVE) for n in range(_SLICES)]
        started = time.perf_counter()
        with Line(side.target.port) as line:
            line.ask(metadata)
            line.ask(frames[0])
        first.setdefault(side.name, []).append(time.perf_counter() - started)
        ask_all(side.target.port, frames[1:], _CONNECTIONS)
        complete.setdefault(side.name, []).append(time.perf_counter() - started)
    name = f"CT of {_SLICES:,} slices of 0.525 MB"
    return [
        Row(f"{name}: first image", "s", first, Better.less, Aim(most=1), "metadata, then a frame"),
        Row(f"{name}: all images", "s", complete, Better.less, Aim(most=5), f"{_CONNECTIONS} connections"),
    ]


def _store(arena: Arena, side: Side, study: int) -> None:
    for first in range(0, _SLICES, _AT_ONCE):
        files = [arena.slices.slice(study, number) for number in range(first, first + _AT_ONCE)]
        ask_all(side.target.port, [request(side.target, files[n : n + 10]) for n in range(0, _AT_ONCE, 10)], 4)
