"""The Lobachevsky University database: signals, cardiologists' marks per lead, and the reference made of them.

WFDB signal format 16 and MIT annotation codes: WFDB Applications Guide, annot(5), signal(5), header(5).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.recording import Recording

Wave = Literal["P", "QRS", "T"]
_WAVE_CODES: dict[int, Wave] = {24: "P", 1: "QRS", 27: "T"}
_OPEN, _CLOSE = 39, 40
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_SAME_BEAT_MS = 120.0
_QUORUM = 6  # leads that must mark a QRS (or P, T) for the beat to count


@dataclass(frozen=True, slots=True)
class Mark:
    """One wave in one lead, ms from the start; an edge the cardiologist left open is None."""

    wave: Wave
    on_ms: float | None
    peak_ms: float
    off_ms: float | None


@dataclass(frozen=True, slots=True)
class MarkedBeat:
    """One beat on which enough leads agree, ms from the start: edges are the 15th and 85th percentile over leads."""

    peak_ms: float
    qrs_on_ms: float
    qrs_off_ms: float
    p_on_ms: float | None
    t_off_ms: float | None


@dataclass(frozen=True, slots=True)
class Marked:
    """One record with its marks. ``rhythm`` and ``remarks`` are the header's words."""

    number: int
    recording: Recording
    beats: tuple[MarkedBeat, ...]
    rhythm: str
    remarks: tuple[str, ...]

    def reference(self, name: Literal["pr_ms", "qrs_ms", "qt_ms"]) -> float | None:
        """Median over the beats; None where fewer than half of the beats carry the wave."""
        values = {
            "pr_ms": [b.qrs_on_ms - b.p_on_ms for b in self.beats if b.p_on_ms is not None],
            "qrs_ms": [b.qrs_off_ms - b.qrs_on_ms for b in self.beats],
            "qt_ms": [b.t_off_ms - b.qrs_on_ms for b in self.beats if b.t_off_ms is not None],
        }[name]
        return float(np.median(values)) if len(values) * 2 > len(self.beats) else None


def read_all(folder: Path) -> Iterator[Marked]:
    """Every record of the folder in the order of their numbers."""
    for number in sorted(int(path.stem) for path in folder.glob("*.hea")):
        yield read_one(folder, number)


def read_one(folder: Path, number: int) -> Marked:
    recording, remarks = _read_signal(folder / f"{number}.hea")
    per_lead = [
        _marks(_annotations((folder / f"{number}.{lead.lower()}").read_bytes()), recording.sampling_rate_hz)
        for lead in recording.leads
    ]
    rhythm = next((text.removeprefix("Rhythm: ").rstrip(". ") for text in remarks if text.startswith("Rhythm")), "")
    return Marked(number, recording, _beats(per_lead), rhythm, remarks)


def _read_signal(header: Path) -> tuple[Recording, tuple[str, ...]]:
    lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    _, count, rate, length = lines[0].split()[:4]
    rows = [re.match(r"(\S+) 16 ([\d.]+)\((-?\d+)\)/mV .* (\S+)$", line) for line in lines[1 : 1 + int(count)]]
    counts = np.frombuffer((header.with_suffix(".dat")).read_bytes(), "<i2").reshape(int(length), int(count)).T
    names = {lead.lower(): lead for lead in STANDARD}
    matched = [row for row in rows if row]
    if len(matched) != int(count):
        raise ValueError(f"{header.name}: a signal line that is not format 16")
    gains = np.array([float(row[2]) for row in matched])[:, None]
    baselines = np.array([float(row[3]) for row in matched])[:, None]
    recording = Recording(
        format="wfdb",
        sampling_rate_hz=float(rate),
        leads=tuple(names[row[4]] for row in matched),
        microvolts=(counts - baselines) / gains * 1000,
    )
    return recording, tuple(line.lstrip("#").strip() for line in lines[1 + int(count) :])


def _annotations(data: bytes) -> Iterator[tuple[int, int]]:
    """(sample, code) of an MIT annotation file; auxiliary text and numbers are passed over."""
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
    at, sample = 0, 0
    while at < len(words):
        code, gap = int(words[at]) >> 10, int(words[at]) & 1023
        at += 1
        if code == 0 and gap == 0:
            return
        if code == _SKIP:
            sample += (int(words[at]) << 16) + int(words[at + 1])
            at += 2
        elif code == _AUX:
            at += (gap + 1) // 2
        elif code not in (_NUM, _SUB, _CHN):
            sample += gap
            yield sample, code


def _marks(annotations: Iterator[tuple[int, int]], rate_hz: float) -> list[Mark]:
    found = [(sample * 1000 / rate_hz, code) for sample, code in annotations]
    marks = []
    for index, (at_ms, code) in enumerate(found):
        if code in _WAVE_CODES:
            before = found[index - 1] if index else (0.0, 0)
            after = found[index + 1] if index + 1 < len(found) else (0.0, 0)
            on_ms = before[0] if before[1] == _OPEN else None
            off_ms = after[0] if after[1] == _CLOSE else None
            marks.append(Mark(_WAVE_CODES[code], on_ms, at_ms, off_ms))
    return marks


def _beats(per_lead: list[list[Mark]]) -> tuple[MarkedBeat, ...]:
    qrs = sorted(mark.peak_ms for marks in per_lead for mark in marks if mark.wave == "QRS")
    groups: list[list[float]] = []
    for peak in qrs:
        if groups and peak - groups[-1][0] <= _SAME_BEAT_MS:
            groups[-1].append(peak)
        else:
            groups.append([peak])
    quorum = min(_QUORUM, len(per_lead))
    centres = [float(np.median(group)) for group in groups if len(group) >= quorum]
    beats = []
    for number, centre in enumerate(centres):
        previous = centres[number - 1] if number else centre - 1500
        following = centres[number + 1] if number + 1 < len(centres) else centre + 1500
        own = [m for marks in per_lead for m in marks if m.wave == "QRS" and abs(m.peak_ms - centre) <= _SAME_BEAT_MS]
        ons = [m.on_ms for m in own if m.on_ms is not None]
        offs = [m.off_ms for m in own if m.off_ms is not None]
        if not ons or not offs:
            continue
        p_on = [
            latest.on_ms
            for marks in per_lead
            if (latest := _last(marks, "P", max(previous, centre - 600), centre)) and latest.on_ms is not None
        ]
        t_off = [
            first.off_ms
            for marks in per_lead
            if (first := _first(marks, "T", centre, following)) and first.off_ms is not None
        ]
        beats.append(
            MarkedBeat(
                centre,
                float(np.percentile(ons, 15)),
                float(np.percentile(offs, 85)),
                float(np.percentile(p_on, 15)) if len(p_on) >= quorum else None,
                float(np.percentile(t_off, 85)) if len(t_off) >= quorum else None,
            )
        )
    return tuple(beats)


def _last(marks: list[Mark], wave: Wave, after_ms: float, before_ms: float) -> Mark | None:
    found = [mark for mark in marks if mark.wave == wave and after_ms < mark.peak_ms < before_ms]
    return found[-1] if found else None


def _first(marks: list[Mark], wave: Wave, after_ms: float, before_ms: float) -> Mark | None:
    found = [mark for mark in marks if mark.wave == wave and after_ms < mark.peak_ms < before_ms]
    return found[0] if found else None
