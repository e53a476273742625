"""The samples of one ECG as this centre stores and serves them: small, exact, and refused when damaged.

Eight bytes ``GZTRACE`` and the version 1, then one zlib stream (RFC 1950) of: the header's length (uint32), the header
(JSON, UTF-8), the samples lead after lead, and the median beat's lead after lead. Samples are int16 microvolts, little
endian; -32768 is a missing value. A lead that leaves ±32.767 mV is stored about its own median: electrodes may stand
300 mV apart (IEC 60601-2-25), which is no finding. What still lies beyond is clipped there.
"""

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from services.ecg.parse.limits import MAX_DURATION_S, MAX_LEADS, MAX_RATE_HZ, MAX_SAMPLES, MIN_RATE_HZ
from services.ecg.parse.recording import Microvolts, Recording
from services.ecg.rules.facts import Beats, Marks, MedianBeat

MISSING = -32768
_MAGIC = b"GZTRACE\x01"
_LENGTH = struct.Struct("<I")
_MAX_HEADER_BYTES = 1 << 20
_MAX_BYTES = _LENGTH.size + _MAX_HEADER_BYTES + 2 * 2 * MAX_SAMPLES
_MAX_MARKED = int(MAX_DURATION_S * 20)
_LEVEL = 6
_HIGHEST_UV = 32767

Steps = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Trace:
    """``steps``: int16 µV, shape (leads, samples), ``MISSING`` where there is no value. ``median.microvolts`` are
    whole microvolts too."""

    sampling_rate_hz: float
    leads: tuple[str, ...]
    steps: Steps = field(repr=False, compare=False)
    derived: frozenset[str] = frozenset()
    beats: Beats | None = None
    median: MedianBeat | None = None
    spike_samples: tuple[int, ...] = ()

    @property
    def duration_s(self) -> float:
        return float(self.steps.shape[1] / self.sampling_rate_hz)

    @property
    def microvolts(self) -> Microvolts:
        """Shape (leads, samples), NaN where there is no value."""
        return _microvolts(self.steps)


def pack(
    recording: Recording,
    median: MedianBeat | None = None,
    beats: Beats | None = None,
    spike_samples: tuple[int, ...] = (),
) -> bytes:
    """A blob that ``unpack`` reads. The same recording gives the same bytes."""
    parts = [_steps(recording.microvolts)]
    told = None
    if median is not None:
        parts.append(_steps(median.microvolts))
        told = _Median(
            sampling_rate_hz=median.sampling_rate_hz,
            leads=list(median.leads),
            samples=median.microvolts.shape[1],
            beat_count=median.beat_count,
            p_on_ms=median.marks.p_on_ms,
            p_off_ms=median.marks.p_off_ms,
            qrs_on_ms=median.marks.qrs_on_ms,
            qrs_off_ms=median.marks.qrs_off_ms,
            t_off_ms=median.marks.t_off_ms,
            r_ms=median.marks.r_ms,
        )
    header = _Header(
        sampling_rate_hz=recording.sampling_rate_hz,
        leads=list(recording.leads),
        derived=sorted(recording.derived),
        samples=recording.microvolts.shape[1],
        beat_samples=list(beats.samples) if beats else None,
        beat_kinds=list(beats.kinds) if beats else None,
        spike_samples=list(spike_samples[:_MAX_MARKED]),
        median=told,
    )
    words = header.model_dump_json().encode()
    body = _LENGTH.pack(len(words)) + words + b"".join(part.astype("<i2").tobytes() for part in parts)
    return _MAGIC + zlib.compress(body, _LEVEL)


def unpack(blob: bytes) -> Trace:
    """Raises ValueError for anything that ``pack`` did not write, cut or changed bytes included."""
    body = _inflated(blob)
    (length,) = _LENGTH.unpack_from(body)
    at = _LENGTH.size + length
    if length > _MAX_HEADER_BYTES or at > len(body):
        raise ValueError("the trace's header is cut")
    header = _Header.model_validate_json(body[_LENGTH.size : at])
    shapes = [(len(header.leads), header.samples)]
    if header.median:
        shapes.append((len(header.median.leads), header.median.samples))
    if len(body) - at != sum(2 * rows * columns for rows, columns in shapes):
        raise ValueError("the trace has not the samples its header promises")
    arrays = []
    for rows, columns in shapes:
        arrays.append(
            np.frombuffer(body, "<i2", rows * columns, at).reshape(rows, columns).astype(np.int16, copy=False)
        )
        at += 2 * rows * columns
    beats = None
    if header.beat_samples is not None and header.beat_kinds is not None:
        if len(header.beat_samples) != len(header.beat_kinds):
            raise ValueError("the trace's beats and their kinds differ in number")
        beats = Beats(tuple(header.beat_samples), tuple(header.beat_kinds))
    return Trace(
        sampling_rate_hz=header.sampling_rate_hz,
        leads=tuple(header.leads),
        steps=arrays[0],
        derived=frozenset(header.derived),
        beats=beats,
        median=_median(header.median, arrays[1]) if header.median else None,
        spike_samples=tuple(header.spike_samples),
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Median(_Strict):
    sampling_rate_hz: float = Field(ge=MIN_RATE_HZ, le=MAX_RATE_HZ)
    leads: list[str] = Field(max_length=MAX_LEADS)
    samples: int = Field(ge=0, le=MAX_SAMPLES)
    beat_count: int = Field(ge=0)
    p_on_ms: float | None
    p_off_ms: float | None
    qrs_on_ms: float | None
    qrs_off_ms: float | None
    t_off_ms: float | None
    r_ms: float


class _Header(_Strict):
    sampling_rate_hz: float = Field(ge=MIN_RATE_HZ, le=MAX_RATE_HZ)
    leads: list[str] = Field(min_length=1, max_length=MAX_LEADS)
    derived: list[str] = Field(max_length=MAX_LEADS)
    samples: int = Field(ge=1, le=MAX_SAMPLES)
    beat_samples: list[int] | None = Field(max_length=_MAX_MARKED)
    beat_kinds: list[int] | None = Field(max_length=_MAX_MARKED)
    spike_samples: list[int] = Field(max_length=_MAX_MARKED)
    median: _Median | None


def _inflated(blob: bytes) -> bytes:
    if not blob.startswith(_MAGIC):
        raise ValueError("no trace of this version")
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(blob[len(_MAGIC) :], _MAX_BYTES)
    except zlib.error as error:
        raise ValueError("the trace is damaged") from error
    if not inflater.eof or inflater.unused_data or len(body) < _LENGTH.size:
        raise ValueError("the trace is cut, too large, or followed by something else")
    return body


def _median(told: _Median, steps: Steps) -> MedianBeat:
    marks = Marks(
        p_on_ms=told.p_on_ms,
        p_off_ms=told.p_off_ms,
        qrs_on_ms=told.qrs_on_ms,
        qrs_off_ms=told.qrs_off_ms,
        t_off_ms=told.t_off_ms,
        r_ms=told.r_ms,
    )
    return MedianBeat(told.sampling_rate_hz, tuple(told.leads), _microvolts(steps), marks, told.beat_count)


def _steps(microvolts: Microvolts) -> Steps:
    lost = np.isnan(microvolts)
    values = np.where(lost, 0.0, microvolts)
    for row in np.flatnonzero((np.abs(values) > _HIGHEST_UV).any(axis=1)):
        values[row] -= np.rint(np.median(microvolts[row][~lost[row]]))
    whole: Steps = np.rint(np.clip(values, -_HIGHEST_UV, _HIGHEST_UV)).astype(np.int16)
    whole[lost] = MISSING
    return whole


def _microvolts(steps: Steps) -> Microvolts:
    return np.where(steps == MISSING, np.nan, steps.astype(np.float64))
