"""Resident memory while 4 × 500 MB arrive at once, over what it was before: one film each, then slices."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import psutil

from bench.orthanc.arena import Arena, Side
from bench.orthanc.rows import DIRECT, NO_AIM, ORTHANC, Aim, Better, Row
from bench.store_client import END, PART, store_head
from bench.wire import Line
from tests.support.dicom_files import add_pixels, base_data_set, to_bytes

_LINES = 4
_SIDE = 512
_FRAME = _SIDE * _SIDE * 2
_FRAMES = 950  # 500 MB
_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.3"  # Multi-frame Grayscale Word Secondary Capture
_WATCH_S = 0.02
_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Body:
    length: int
    pieces: Iterable[bytes]


def rows(arena: Arena) -> list[Row]:
    found = []
    for name, body, aim in (("one film each", _film, Aim(most=200)), ("950 slices each", _slices, NO_AIM)):
        grown, highest = {}, {}
        for side in arena.sides():
            if side.name != DIRECT:  # the same processes
                arena.settle()
                before, peak = _watched(arena, side, body)
                grown[side.name], highest[side.name] = [(peak - before) / _MB], [peak / _MB]
        found.append(Row(f"memory grows while 4 × 500 MB arrive, {name}", "MB", grown, Better.less, aim))
        found.append(Row("its highest moment", "MB", highest, Better.less))
    return found


def _watched(arena: Arena, side: Side, make: Callable[[Arena], Body]) -> tuple[int, int]:
    """Bytes before, and at the highest moment, of all processes together; ours are the imaging centre's."""
    parts = arena.processes(side.name)
    processes = parts[ORTHANC] if side.name == ORTHANC else parts["imaging"] + parts["imaging worker"]
    before = peak = _resident(processes)
    with ThreadPoolExecutor(_LINES) as pool:
        sent = [pool.submit(_send, side, make(arena)) for _ in range(_LINES)]
        while wait(sent, timeout=_WATCH_S).not_done:
            peak = max(peak, _resident(processes))
    for each in sent:
        each.result()
    return before, peak


def _send(side: Side, body: Body) -> None:
    with Line(side.target.port) as line:
        line.stream(itertools.chain([store_head(side.target, body.length)], body.pieces))


def _film(arena: Arena) -> Body:
    """Frames go on behind the header of one: never whole in this process either."""
    data_set = add_pixels(base_data_set(modality="OT"), _SIDE, _SIDE)
    data_set.SOPClassUID, data_set.NumberOfFrames = _MULTI_FRAME, _FRAMES
    small = to_bytes(data_set)
    head = PART + small[: -_FRAME - 4] + (_FRAME * _FRAMES).to_bytes(4, "little")
    end = b"\r\n" + END
    frames = itertools.repeat(small[-_FRAME:], _FRAMES)
    return Body(len(head) + _FRAME * _FRAMES + len(end), itertools.chain([head], frames, [end]))


def _slices(arena: Arena) -> Body:
    study = arena.study()
    files = (arena.slices.slice(study, number) for number in range(_FRAMES))
    one = len(PART) + len(arena.slices.slice(study, 0)) + 2
    pieces = (piece for file in files for piece in (PART, file, b"\r\n"))
    return Body(one * _FRAMES + len(END), itertools.chain(pieces, [END]))


def _resident(processes: Sequence[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in processes if process.is_running())
