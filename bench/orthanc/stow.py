"""STOW-RS: 300 slices of 0.525 MB in the shapes in which machines send them, and the same ones once more."""

import statistics
from collections import defaultdict
from dataclasses import dataclass

from bench.orthanc.arena import Arena, Side, rounds
from bench.orthanc.rows import FRONT, NO_AIM, Aim, Better, Row
from bench.store_client import request
from bench.wire import ask_all

_INSTANCES = 300
_ONE, _OWN, _EACH = "one study", "a study on each", "each request a study"


@dataclass(frozen=True, slots=True)
class Shape:
    """``studies``: all requests of one study, as a machine sends; each connection another, as four machines send; or
    each request another, which for us is a case each.
    """

    a_request: int
    connections: int
    studies: str
    aim: Aim = NO_AIM
    again: Aim | None = None

    @property
    def name(self) -> str:
        lines = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        return f"STOW, {self.a_request} a request, {lines}, {self.studies}"


_TENFOLD, _SINGLE, _AGAIN = Aim(times=2), Aim(times=1.2), Aim(times=3)
_SHAPES = (
    Shape(10, 1, _ONE, _TENFOLD, _AGAIN),
    Shape(10, 4, _ONE, _TENFOLD, _AGAIN),
    Shape(10, 4, _OWN),
    Shape(10, 4, _EACH),
    Shape(1, 1, _ONE, _SINGLE, _AGAIN),
    Shape(1, 4, _ONE, _SINGLE, _AGAIN),
    Shape(1, 4, _OWN),
    Shape(1, 1, _EACH),
    Shape(1, 4, _EACH),
)


def rows(arena: Arena) -> list[Row]:
    found = []
    for shape in _SHAPES:
        measured = _measured(arena, shape)
        print(f"… {shape.name}: {measured[0].summary()}", flush=True)
        found += measured
    return found


def _measured(arena: Arena, shape: Shape) -> list[Row]:
    speeds: dict[str, list[float]] = defaultdict(list)
    again: dict[str, list[float]] = defaultdict(list)
    cpu: dict[str, list[dict[str, float]]] = defaultdict(list)
    for side in rounds(arena.sides()):
        requests = _requests(arena, side, shape)
        arena.settle()
        before = arena.cpu_seconds(side.name)
        speeds[side.name].append(_INSTANCES / ask_all(side.target.port, requests, shape.connections))
        after = arena.cpu_seconds(side.name)
        cpu[side.name].append({part: (after[part] - before[part]) * 1000 / _INSTANCES for part in after})
        if shape.again:
            again[side.name].append(_INSTANCES / ask_all(side.target.port, requests, shape.connections))
    rows = [Row(shape.name, "/s", speeds, aim=shape.aim)]
    if shape.again:
        rows.append(Row("the same 300 sent again", "/s", again, aim=shape.again))
    totals = {name: [sum(parts.values()) for parts in spent] for name, spent in cpu.items()}
    rows.append(Row("CPU an instance, all processes", "ms", totals, Better.less, note=_shares(cpu[FRONT])))
    return rows


def _requests(arena: Arena, side: Side, shape: Shape) -> list[bytes]:
    """Request n goes over connection n modulo their number."""
    count = _INSTANCES // shape.a_request
    studies = {_ONE: 1, _OWN: shape.connections, _EACH: count}[shape.studies]
    numbers = [arena.study() for _ in range(studies)]
    made = []
    for n in range(count):
        files = [arena.slices.slice(numbers[n % studies], n * shape.a_request + k) for k in range(shape.a_request)]
        made.append(request(side.target, files))
    return made


def _shares(rounds: list[dict[str, float]]) -> str:
    medians = {part: statistics.median(spent[part] for spent in rounds) for part in rounds[0]}
    return ", ".join(f"{part} {value:.1f}" for part, value in medians.items())
