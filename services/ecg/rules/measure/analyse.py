"""The way in: a recording's measurements, beats and median beat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Analysis, Beats, Marks, Measurements, MedianBeat
from services.ecg.rules.measure.beats import Classed, classify
from services.ecg.rules.measure.disorganised import is_disorganised
from services.ecg.rules.measure.median import (
    BEFORE,
    after_samples,
    beat_windows,
    lead_weights,
    level_signal,
    median_beat,
)
from services.ecg.rules.measure.numbers import amplitudes, axis_deg
from services.ecg.rules.measure.p_wave import PWave, find_p
from services.ecg.rules.measure.peaks import find_peaks, organised, vote
from services.ecg.rules.measure.qrs import Qrs, find_qrs
from services.ecg.rules.measure.rhythm import WIDE_MS, Rhythm, read_rhythm
from services.ecg.rules.measure.signal import RATE_HZ, Samples, Signal, prepare
from services.ecg.rules.measure.t_wave import find_t_end
from services.ecg.rules.quality.pacing import find_pacing_spikes

_MS = 1000 / RATE_HZ
_QTC_RATES_BPM = (40.0, 150.0)
_SPIKE_BEFORE_R_S = 0.35
_ROUGH_ONSET = round(0.08 * RATE_HZ)
_FEW_BEATS = 40
"""For the first, rough median: a ten-minute recording need not be averaged twice."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """The dominant beat: ``beat`` has every lead, samples from ``BEFORE`` before R on."""

    beat: Samples
    qrs: Qrs
    t_end: int | None
    p: PWave
    count: int


def analyse(recording: Recording, spikes: Sequence[int] | None = None) -> Analysis:
    """Never raises for what a recording holds: where nothing can be measured the fields are None.

    ``spikes``: pacing spikes as samples of the recording; found here when not given.
    """
    found = tuple(find_pacing_spikes(recording) if spikes is None else spikes)
    if recording.microvolts.size == 0 or not np.isfinite(recording.microvolts).any():
        return Analysis(Measurements(), Beats((), ()), None, found)
    signal = prepare(recording, found)
    if not signal.independent or signal.length < RATE_HZ:
        return Analysis(Measurements(), Beats((), ()), None, found)
    activity = vote(signal)
    peaks = find_peaks(signal, activity)
    classed = classify(signal, peaks.samples)
    if not peaks.samples or not organised(peaks, classed.kinds, classed.likeness):
        nothing = Measurements(disorganised=is_disorganised(signal))
        return Analysis(nothing, Beats((), ()), None, found)
    usual_rr = float(np.median(np.diff(classed.peaks))) if len(classed.peaks) > 1 else RATE_HZ
    rough = _rough_qrs(signal, classed)
    wide_kinds = {kind for kind, qrs in rough.items() if qrs.ms >= WIDE_MS}
    flat = level_signal(signal, classed.peaks, max(1, BEFORE - rough[0].on))
    rhythm = read_rhythm(signal, activity, classed.peaks, classed.kinds, wide_kinds)
    measured = _measure(signal, flat, classed, usual_rr, rhythm)
    at = tuple(min(round(peak * signal.scale), recording.microvolts.shape[1] - 1) for peak in classed.peaks)
    return Analysis(
        _numbers(signal, classed, measured, rhythm),
        Beats(at, classed.kinds),
        _median(signal, measured),
        found,
    )


def _rough_qrs(signal: Signal, classed: Classed) -> dict[int, Qrs]:
    """QRS of every class, on beats levelled 80 ms before R."""
    rows = list(signal.independent)
    leads = level_signal(signal, classed.peaks, _ROUGH_ONSET, rows)
    after = after_samples(classed.peaks)
    answers = {}
    for kind in sorted(set(classed.kinds)):
        windows = beat_windows(leads, classed.of(kind)[:_FEW_BEATS], after, classed.peaks)
        beat = median_beat(windows)
        answers[kind] = find_qrs(beat * lead_weights(windows, beat))
    return answers


def _measure(signal: Signal, flat: Samples, classed: Classed, usual_rr: float, rhythm: Rhythm) -> _Measured:
    windows = beat_windows(flat, classed.of(0), after_samples(classed.peaks), classed.peaks)
    beat = median_beat(windows)
    rows = list(signal.independent)
    own = windows[:, rows]
    weights = lead_weights(own, beat[rows])
    weighted = beat[rows] * weights
    qrs = find_qrs(weighted)
    t_end = find_t_end(weighted, qrs, usual_rr)
    p = find_p(own * weights, weighted, qrs, t_end, usual_rr, rhythm.irregularity or 0.0)
    return _Measured(beat, qrs, t_end, p, len(windows))


def _median(signal: Signal, measured: _Measured) -> MedianBeat:
    p = measured.p
    marks = Marks(
        p_on_ms=None if p.on is None else p.on * _MS,
        p_off_ms=None if p.off is None else p.off * _MS,
        qrs_on_ms=measured.qrs.on * _MS,
        qrs_off_ms=measured.qrs.off * _MS,
        t_off_ms=None if measured.t_end is None else measured.t_end * _MS,
        r_ms=BEFORE * _MS,
    )
    return MedianBeat(RATE_HZ, signal.leads, measured.beat, marks, measured.count)


def _numbers(signal: Signal, classed: Classed, measured: _Measured, rhythm: Rhythm) -> Measurements:
    rr = np.array(rhythm.rr_ms)
    mean = float(rr.mean()) if len(rr) else None
    rate = 60_000 / mean if mean else None
    qrs, p, t_end, leads, beat = measured.qrs, measured.p, measured.t_end, signal.leads, measured.beat
    live = [lead if lead in signal.live_leads else "" for lead in leads]
    qt = None if t_end is None else (t_end - qrs.on) * _MS
    correctable = qt is not None and rate is not None and _QTC_RATES_BPM[0] <= rate <= _QTC_RATES_BPM[1]
    rr_s = (mean or 1000.0) / 1000
    waves = amplitudes(leads, beat, qrs, t_end, p.on, p.off)
    of = {wave.lead: wave for wave in waves}
    return Measurements(
        heart_rate_bpm=_rounded(rate),
        rr_mean_ms=_rounded(mean),
        rr_shortest_ms=_rounded(float(rr.min())) if len(rr) else None,
        rr_longest_ms=_rounded(float(rr.max())) if len(rr) else None,
        rr_sd_ms=_rounded(float(rr.std())) if len(rr) > 1 else None,
        rr_irregularity=None if rhythm.irregularity is None else round(rhythm.irregularity, 3),
        has_p=p.has_p,
        p_ms=None if p.on is None or p.off is None else (p.off - p.on) * _MS,
        pr_ms=None if p.on is None else (qrs.on - p.on) * _MS,
        qrs_ms=qrs.ms,
        qt_ms=qt,
        qtcb_ms=_rounded(qt / rr_s**0.5) if qt is not None and correctable else None,
        qtcf_ms=_rounded(qt / rr_s ** (1 / 3)) if qt is not None and correctable else None,
        p_axis_deg=None if p.on is None or p.off is None else axis_deg(live, beat, p.on, p.off, sloping=True),
        qrs_axis_deg=axis_deg(live, beat, qrs.on, qrs.off),
        t_axis_deg=None if t_end is None else axis_deg(live, beat, qrs.off + 30, t_end),
        rv5_uv=of["V5"].r if "V5" in of else None,
        sv1_uv=abs(of["V1"].s or of["V1"].q) if "V1" in of else None,
        pauses_ms=tuple(round(pause) for pause in rhythm.pauses_ms),
        ectopic_count=rhythm.ectopic_count,
        wide_beat_count=rhythm.wide_beat_count,
        longest_wide_run=rhythm.longest_wide_run,
        wide_run_rate_bpm=_rounded(rhythm.wide_run_rate_bpm),
        paced=_is_paced(signal, classed),
        amplitudes=waves,
    )


def _is_paced(signal: Signal, classed: Classed) -> bool:
    """At least two beats follow a spike."""
    reach = round(_SPIKE_BEFORE_R_S * RATE_HZ)
    spikes = np.array(signal.spikes)
    return sum(bool(((spikes <= peak) & (spikes >= peak - reach)).any()) for peak in classed.peaks) >= 2


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
