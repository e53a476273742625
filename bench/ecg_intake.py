"""What a cart waits for: the answer to its upload, and the reader's worklist; then each format's reader by itself."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ecgdatakit import FileParser

from bench.figures import Figure, spread
from bench.waiting import until
from services.ecg.parse.read_upload import read_upload
from services.ecg.parse.reader import SourceFile
from services.ecg.rules.measure.analyse import analyse
from services.ecg.rules.quality.check import check_quality
from tests.support.ecg_carts import CARTS, Files, order, table
from tests.support.ecg_signals import make_ecg
from tests.support.region import RunningRegion

_REPEATS = 15
_KIT_READS = frozenset(CARTS) - {"cardiosoft", "csv", "json"}  # it asks a CardioSoft file for more than ours holds


def uploads(region: RunningRegion, count: int = 60) -> list[Figure]:
    """Ten seconds of twelve leads a request; and from its answer until the worklist shows the case."""
    clinic, reader = region.person("clinic1"), region.person("reader1")
    ecgs = [table(make_ecg(noise_uv=5, seed=number), patient_id=f"B-{number}") for number in range(count)]
    answered, listed = [], []
    for number, ecg in enumerate(ecgs):
        started = time.perf_counter()
        case_id = clinic.upload("ecg", order(f"B-{number}"), [("ecg.csv", ecg)])["case_id"]
        done = time.perf_counter()
        answered.append(done - started)
        until(reader, "ecg", case_id)
        listed.append(time.perf_counter() - started)
    note = "CSV of 210 KB, read and measured in the sandbox"
    return [
        Figure("ECG upload → answer with the quality of each lead", spread(answered), "", note),
        Figure("ECG upload → on the worklist", spread(listed), "p95 ≤ 1 s", "includes the asking itself"),
    ]


def parsing() -> list[Figure]:
    """Median of each format beside ecgdatakit on the same bytes in the same run; then what is done with every ECG."""
    ecg = make_ecg(noise_uv=5, wander_uv=50)
    figures = []
    with TemporaryDirectory() as folder:
        for name, make in CARTS.items():
            files = make(ecg)
            ours = _times(partial(_read, files))
            theirs = _by_ecgdatakit(Path(folder), name, files)
            figures.append(Figure(f"{name}: read {_size(files)}", spread(ours), "≤ 110 ms", theirs))
    analysis = analyse(ecg)
    judged = {"measured": lambda: analyse(ecg), "quality checked": lambda: check_quality(ecg, analysis)}
    return figures + [
        Figure(f"one ECG {what}", spread(_times(work)), "≤ 25 ms" if what == "measured" else "")
        for what, work in judged.items()
    ]


def _read(files: Files) -> None:
    found = read_upload([SourceFile(name, data) for name, data in files])
    if len(found.recordings) != 1 or found.refusals:
        raise RuntimeError(f"{files[0][0]} was not read: {found.refusals}")


def _by_ecgdatakit(folder: Path, name: str, files: Files) -> str:
    """By path: it reads no bytes."""
    if name not in _KIT_READS:
        return ""
    for file, data in files:
        (folder / file).write_bytes(data)
    parser, path = FileParser(), folder / files[0][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that our synthetic files leave out
        return f"ecgdatakit {spread(_times(lambda: parser.parse(path)))}"


def _times(work: Callable[[], object]) -> list[float]:
    """Seconds; the first, which imports and fills caches, does not count."""
    work()
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def _size(files: Files) -> str:
    return f"{sum(len(data) for _, data in files) / 1000:.0f} KB"
