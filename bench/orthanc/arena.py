"""Both servers, warm and with what they already hold, and the three ways on which they are asked."""

import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from bench.orthanc.rows import DIRECT, FRONT, ORTHANC
from bench.orthanc.server import OrthancServer
from bench.store_client import Slices, request
from bench.wire import Target, ask_all
from tests.support.region import RunningRegion

_PARTS = ("imaging", "imaging worker", "Caddy", "PostgreSQL", "else")
_FEWEST_ROUNDS = 2
_SETTLED_WITHIN_S = 20.0
_WATCH_S = 0.5
_QUIET_SHARE = 0.2  # of one core: what all processes of a region take while nobody asks, and some more


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    target: Target


class Arena:
    """``slices`` are the same bytes for everybody; each ``study()`` is a number that nobody has used before."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o711)  # PostgreSQL runs as another user below it, where we are root
        self.orthanc = OrthancServer(folder / "orthanc")
        self.orthanc.start()
        try:
            (folder / "region").mkdir(mode=0o711)
            self.region = RunningRegion(folder / "region")
        except BaseException:
            self.orthanc.stop()
            raise
        self.slices = Slices()
        self._studies = itertools.count(secrets.randbelow(10**7))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.orthanc.stop()
        finally:
            self.region.stop()

    def study(self) -> int:
        return next(self._studies)

    def sides(self) -> tuple[Side, ...]:
        """With a fresh token: the clinic's lasts ten minutes, ask for each group of figures again."""
        self.region.forget_people()
        token = self.region.person("clinic1").token
        ports = self.region.ports()
        return (
            Side(FRONT, Target(ports["front"], token=token)),
            Side(ORTHANC, Target(self.orthanc.port, OrthancServer.root)),
            Side(DIRECT, Target(ports["imaging"], token=token)),
        )

    def warm_up(self, count: int = 40) -> None:
        for side in self.sides():
            for share in (1, 10):
                study = self.study()
                files = [self.slices.slice(study, number) for number in range(count)]
                bodies = [request(side.target, files[n : n + share]) for n in range(0, count, share)]
                ask_all(side.target.port, bodies, 4)

    def processes(self, side: str) -> dict[str, list[psutil.Process]]:
        """Who works for a side, by part; ours are the same behind the front door and past it."""
        if side == ORTHANC:
            return {ORTHANC: [psutil.Process(self.orthanc.pid)]}
        found: dict[str, list[psutil.Process]] = {part: [] for part in _PARTS}
        for child in psutil.Process(self.region.process.pid).children():
            found[_part(child.cmdline())] += [child, *child.children(recursive=True)]
        return found

    def settle(self) -> None:
        """Until the region has done what its answers left to its workers, or is still at it after a while.

        It would slow down whoever is measured next, and that is Orthanc.
        """
        deadline = time.monotonic() + _SETTLED_WITHIN_S
        before = sum(self.cpu_seconds(FRONT).values())
        while time.monotonic() < deadline:
            time.sleep(_WATCH_S)
            now = sum(self.cpu_seconds(FRONT).values())
            if now - before < _QUIET_SHARE * _WATCH_S:
                return
            before = now

    def cpu_seconds(self, side: str) -> dict[str, float]:
        """User and system time so far, children that have ended included."""
        return {part: sum(map(_seconds, members)) for part, members in self.processes(side).items()}


def rounds(sides: Sequence[Side], most: int = 3, seconds: float = 15) -> Iterator[Side]:
    """Ours, Orthanc, ours again, twice to ``most`` times: what else the machine does meanwhile hits all of them.

    No third round begins after ``seconds``, so that a busy machine takes fewer rounds rather than an hour.
    """
    started = time.monotonic()
    for done in range(most):
        if done >= _FEWEST_ROUNDS and time.monotonic() - started > seconds:
            return
        yield from sides


def _part(words: Sequence[str]) -> str:
    line = " ".join(words)
    for sign, part in (
        ("services.imaging.app", "imaging"),
        ("services.imaging.worker", "imaging worker"),
        ("caddy", "Caddy"),
        ("postgres", "PostgreSQL"),
    ):
        if sign in line:
            return part
    return "else"


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
