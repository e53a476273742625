"""Synthetic ECGs whose intervals, axes and rhythm are known because they were asked for.

Every wave has compact support, so an onset is the instant at which it leaves zero. The limb leads obey Einthoven and
Goldberger exactly: they are projections of one frontal vector, I = V cos(axis), II = V cos(axis - 60°).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.recording import PatientFacts, Recording

Rhythm = Literal[
    "sinus", "af", "flutter", "junctional", "av_block_2", "av_block_3", "vt", "vf", "asystole", "paced", "paced_atrial"
]
Samples = NDArray[np.float64]

# µV of each wave in the chest leads; right and posterior leads borrow a neighbour's.
_CHEST: dict[str, dict[str, float]] = {
    "V1": {"p": 60, "q": 0, "r": 250, "s": -900, "t": -80},
    "V2": {"p": 70, "q": 0, "r": 500, "s": -1200, "t": 350},
    "V3": {"p": 70, "q": 0, "r": 800, "s": -800, "t": 450},
    "V4": {"p": 70, "q": -50, "r": 1300, "s": -450, "t": 450},
    "V5": {"p": 60, "q": -70, "r": 1200, "s": -200, "t": 350},
    "V6": {"p": 50, "q": -80, "r": 900, "s": -80, "t": 250},
}
_BORROWED = {"V3R": "V1", "V4R": "V1", "V5R": "V1", "V6R": "V1", "V7": "V6", "V8": "V6", "V9": "V6"}
_FRONTAL = {"p": 110.0, "q": -90.0, "r": 1000.0, "s": -160.0, "t": 300.0}  # length of the frontal vector, µV
_LIMB_ANGLES = {"I": 0.0, "II": 60.0, "III": 120.0, "aVR": -150.0, "aVL": -30.0, "aVF": 90.0}


@dataclass(frozen=True, slots=True)
class Shape:
    """What all beats of one recording share; ms, µV, degrees."""

    pr_ms: float
    p_ms: float
    qrs_ms: float
    qt_ms: float
    p_axis_deg: float
    qrs_axis_deg: float
    t_axis_deg: float
    st_uv: Mapping[str, float]
    amplitude: float
    t_amplitude: float


@dataclass(frozen=True, slots=True)
class Beat:
    """One ventricular activation. ``onset_s``: start of its QRS; ``wide``: of ventricular origin."""

    onset_s: float
    wide: bool = False


def make_ecg(
    rhythm: Rhythm = "sinus",
    *,
    heart_rate_bpm: float = 60.0,
    duration_s: float = 10.0,
    sampling_rate_hz: float = 500.0,
    leads: Sequence[str] = STANDARD,
    pr_ms: float = 160.0,
    p_ms: float = 100.0,
    qrs_ms: float = 90.0,
    qt_ms: float = 400.0,
    p_axis_deg: float = 50.0,
    qrs_axis_deg: float = 50.0,
    t_axis_deg: float = 40.0,
    st_uv: Mapping[str, float] | None = None,
    amplitude: float = 1.0,
    t_amplitude: float = 1.0,
    atrial_rate_bpm: float | None = None,
    premature: Sequence[int] = (),
    wide_run: tuple[int, int] | None = None,
    wide_run_rate_bpm: float = 160.0,
    pauses: Mapping[int, float] | None = None,
    spike_uv: float = 3000.0,
    noise_uv: float = 0.0,
    mains_uv: float = 0.0,
    wander_uv: float = 0.0,
    patient: PatientFacts | None = None,
    seed: int = 0,
) -> Recording:
    """A recording whose truth is in its arguments.

    ``premature``: numbers of the beats that are wide and come at 60 % of the RR, followed by a compensatory pause.
    ``wide_run``: (first beat, count) of consecutive wide beats at ``wide_run_rate_bpm``. ``pauses``: beat number →
    the RR in seconds that follows it. ``st_uv``: lead → ST level held from J to the T wave (name the limb leads so
    that they obey Einthoven yourself). ``atrial_rate_bpm`` serves flutter (default 300) and av_block_3 (default 80).
    ``av_block_2`` drops the QRS of every third P. ``qrs_ms`` is what a wide, ventricular or paced beat gets too when it
    is at least 120, else such beats last 150 ms. Noise is white and Gaussian (standard deviation), mains 50 Hz and
    wander 0.3 Hz (amplitude).
    """
    rng = np.random.default_rng(seed)
    shape = Shape(
        pr_ms, p_ms, qrs_ms, qt_ms, p_axis_deg, qrs_axis_deg, t_axis_deg, dict(st_uv or {}), amplitude, t_amplitude
    )
    count = round(duration_s * sampling_rate_hz)
    time = np.arange(count) / sampling_rate_hz
    signal = {lead: np.zeros(count) for lead in leads}
    rr_s = 60.0 / heart_rate_bpm
    beats = _ventricular_beats(rhythm, rr_s, duration_s, rng, set(premature), wide_run, wide_run_rate_bpm, pauses or {})
    for beat in beats:
        _add_ventricular(signal, time, beat, shape, qrs_ms if qrs_ms >= 120 else 150.0)
    atrial_spikes, p_onsets = _p_onsets(rhythm, beats, shape, duration_s, atrial_rate_bpm, rr_s)
    for onset in p_onsets:
        _add_p(signal, time, onset, shape)
    _add_fibrillation(signal, time, rhythm, atrial_rate_bpm or 300.0, amplitude, rng)
    if rhythm == "paced":
        _add_spikes(signal, [beat.onset_s - 0.004 for beat in beats if beat.wide], sampling_rate_hz, spike_uv)
    _add_spikes(signal, atrial_spikes, sampling_rate_hz, spike_uv)
    _add_noise(signal, time, noise_uv, mains_uv, wander_uv, rng)
    return Recording(
        format="synthetic",
        sampling_rate_hz=sampling_rate_hz,
        leads=tuple(leads),
        microvolts=np.stack([signal[lead] for lead in leads]),
        recorded_at=datetime(2026, 3, 1, 1, 30, tzinfo=UTC),
        resolution_uv=1.0,
        patient=patient or PatientFacts(id="T-1", name="测试甲", sex="M", age="50Y"),
    )


def beat_onsets_s(
    rhythm: Rhythm = "sinus",
    *,
    heart_rate_bpm: float = 60.0,
    duration_s: float = 10.0,
    premature: Sequence[int] = (),
    wide_run: tuple[int, int] | None = None,
    wide_run_rate_bpm: float = 160.0,
    pauses: Mapping[int, float] | None = None,
    seed: int = 0,
) -> tuple[float, ...]:
    """When the QRS complexes of ``make_ecg`` with the same arguments begin, in seconds."""
    rng, rr_s = np.random.default_rng(seed), 60.0 / heart_rate_bpm
    beats = _ventricular_beats(rhythm, rr_s, duration_s, rng, set(premature), wide_run, wide_run_rate_bpm, pauses or {})
    return tuple(beat.onset_s for beat in beats)


def _ventricular_beats(
    rhythm: Rhythm,
    rr_s: float,
    duration_s: float,
    rng: np.random.Generator,
    premature: set[int],
    wide_run: tuple[int, int] | None,
    wide_run_rate_bpm: float,
    pauses: Mapping[int, float],
) -> list[Beat]:
    if rhythm in {"vf", "asystole"}:
        return []
    always_wide = rhythm in {"vt", "paced", "av_block_3"}
    run = range(wide_run[0], wide_run[0] + wide_run[1]) if wide_run else range(0)
    beats: list[Beat] = []
    onset, number = 0.35, 0
    while onset < duration_s - 0.25:
        beats.append(Beat(onset, always_wide or number in premature or number in run))
        following = rr_s
        if rhythm == "af":
            following = rr_s * float(np.clip(rng.normal(1.0, 0.22), 0.55, 1.6))
        elif rhythm == "av_block_2":
            following = rr_s if number % 2 == 0 else 2 * rr_s
        if number + 1 in run:
            following = 60.0 / wide_run_rate_bpm
        elif number + 1 in premature:
            following = 0.6 * rr_s
        elif number in premature:
            following = 1.4 * rr_s
        onset += pauses.get(number, following)
        number += 1
    return beats


def _p_onsets(
    rhythm: Rhythm, beats: list[Beat], shape: Shape, duration_s: float, atrial_rate_bpm: float | None, rr_s: float
) -> tuple[list[float], list[float]]:
    """When atrial spikes fall and when P waves begin, in seconds."""
    pr_s = shape.pr_ms / 1000
    if rhythm == "av_block_3":
        return [], list(np.arange(0.1, duration_s - 0.1, 60.0 / (atrial_rate_bpm or 80.0)))
    if rhythm not in {"sinus", "av_block_2", "paced_atrial"}:
        return [], []
    onsets = [beat.onset_s - pr_s for beat in beats if not beat.wide]
    if rhythm == "av_block_2":
        onsets += [beats[n].onset_s + rr_s - pr_s for n in range(1, len(beats), 2)]
    return [onset - 0.004 for onset in onsets] if rhythm == "paced_atrial" else [], onsets


def _level(lead: str, wave: str, axis_deg: float) -> float:
    if lead in _LIMB_ANGLES:
        angle = _LIMB_ANGLES[lead]
        augmented = np.sqrt(3) / 2 if lead.startswith("a") else 1.0
        return float(_FRONTAL[wave] * augmented * np.cos(np.radians(axis_deg - angle)))
    return _CHEST[_BORROWED.get(lead, lead)][wave]


def _half_sine(time: Samples, on_s: float, off_s: float) -> Samples:
    """One arch between the two instants, zero elsewhere: it leaves zero with a corner."""
    return np.where((time >= on_s) & (time <= off_s), np.sin(np.pi * (time - on_s) / (off_s - on_s)), 0.0)


def _t_wave(time: Samples, on_s: float, peak_s: float, off_s: float) -> Samples:
    """Rises and falls as a squared cosine; ends smoothly, as T waves do."""
    rise = np.cos(np.pi / 2 * (peak_s - time) / (peak_s - on_s)) ** 2
    fall = np.cos(np.pi / 2 * (time - peak_s) / (off_s - peak_s)) ** 2
    return np.where((time >= on_s) & (time < peak_s), rise, np.where((time >= peak_s) & (time < off_s), fall, 0.0))


def _add_ventricular(signal: dict[str, Samples], time: Samples, beat: Beat, shape: Shape, wide_ms: float) -> None:
    qrs_s = (wide_ms if beat.wide else shape.qrs_ms) / 1000
    on, off = beat.onset_s, beat.onset_s + qrs_s
    qt_s = max(shape.qt_ms / 1000, qrs_s + 0.2)
    end = on + qt_s
    peak = end - min(0.16, 0.45 * (qt_s - qrs_s))
    t_on = max(off, min(max(off + 0.05, peak - 0.18), peak - 0.06))  # ST is level for 50 ms where there is room
    waves = _wide_waves(time, on, off) if beat.wide else _narrow_waves(time, on, off)
    t_wave = _t_wave(time, t_on, peak, end)
    for lead in signal:
        for name, wave in waves.items():
            signal[lead] += shape.amplitude * _level(lead, name, shape.qrs_axis_deg) * wave
        t_sign = -1.0 if beat.wide else 1.0
        signal[lead] += shape.amplitude * shape.t_amplitude * t_sign * _level(lead, "t", shape.t_axis_deg) * t_wave
        if lead in shape.st_uv and not beat.wide:
            held = np.where((time >= off) & (time < peak), 1.0, _t_wave(time, off - 0.02, peak, end))
            signal[lead] += shape.st_uv[lead] * held


def _narrow_waves(time: Samples, on: float, off: float) -> dict[str, Samples]:
    length = off - on
    return {
        "q": _half_sine(time, on, on + 0.3 * length),
        "r": _half_sine(time, on + 0.2 * length, on + 0.75 * length),
        "s": _half_sine(time, on + 0.65 * length, off),
    }


def _wide_waves(time: Samples, on: float, off: float) -> dict[str, Samples]:
    length = off - on
    return {"r": 1.2 * _half_sine(time, on, on + 0.8 * length), "s": 1.2 * _half_sine(time, on + 0.45 * length, off)}


def _add_p(signal: dict[str, Samples], time: Samples, onset_s: float, shape: Shape) -> None:
    wave = _half_sine(time, onset_s, onset_s + shape.p_ms / 1000)
    for lead in signal:
        signal[lead] += shape.amplitude * _level(lead, "p", shape.p_axis_deg) * wave


def _add_fibrillation(
    signal: dict[str, Samples],
    time: Samples,
    rhythm: Rhythm,
    flutter_bpm: float,
    amplitude: float,
    rng: np.random.Generator,
) -> None:
    """f waves of atrial fibrillation, the sawtooth of flutter, the chaos of ventricular fibrillation."""
    if rhythm == "flutter":
        # It falls in a fifth of the cycle: a discontinuity would be the jump of a pacing spike.
        saw = np.interp((time * flutter_bpm / 60) % 1.0, [0.0, 0.8, 1.0], [-1.0, 1.0, -1.0])
        for lead in signal:
            signal[lead] -= amplitude * 1.2 * _level(lead, "p", 75.0) * saw
    if rhythm not in {"af", "vf"}:
        return
    low, high, height = (5.0, 8.0, 0.45) if rhythm == "af" else (3.5, 6.0, 4.0)
    step_s = time[1] - time[0] if len(time) > 1 else 0.0
    phases = 2 * np.pi * np.cumsum(rng.uniform(low, high, (2, len(time))) * step_s, axis=1)
    slow = 2 * np.pi * rng.uniform(0.3, 0.9, (2, 1)) * time
    across, down = height * 80 * amplitude * np.sin(phases + rng.uniform(0, 6, (2, 1))) * (1 + 0.4 * np.sin(slow))
    for lead in signal:
        if lead in _LIMB_ANGLES:
            angle = np.radians(_LIMB_ANGLES[lead])
            augmented = np.sqrt(3) / 2 if lead.startswith("a") else 1.0
            signal[lead] += augmented * (np.cos(angle) * across + np.sin(angle) * down)
        else:
            mix = rng.uniform(-1, 1, 2)
            signal[lead] += mix[0] * across + mix[1] * down


def _add_noise(
    signal: dict[str, Samples],
    time: Samples,
    noise_uv: float,
    mains_uv: float,
    wander_uv: float,
    rng: np.random.Generator,
) -> None:
    """Independent in I, II and every chest lead; the other limb leads get what Einthoven says."""

    def one() -> Samples:
        mains = mains_uv * np.sin(2 * np.pi * 50 * time + rng.uniform(0, 6))
        wander = wander_uv * np.sin(2 * np.pi * 0.3 * time + rng.uniform(0, 6))
        return np.asarray(mains + wander + noise_uv * rng.normal(0, 1, len(time)))

    first, second = one(), one()
    limbs = {"I": first, "II": second, "III": second - first, "aVR": -(first + second) / 2}
    limbs |= {"aVL": first - second / 2, "aVF": second - first / 2}
    for lead in signal:
        signal[lead] += limbs[lead] if lead in limbs else one()


def _add_spikes(signal: dict[str, Samples], onsets_s: Sequence[float], rate_hz: float, spike_uv: float) -> None:
    """Pacing spikes of about 1 ms (one sample at least) whose height differs between leads."""
    width = max(1, round(0.001 * rate_hz))
    firsts = [round(onset * rate_hz) for onset in onsets_s if onset >= 0]
    for lead, samples in signal.items():
        for first in firsts:
            samples[first : first + width] += spike_uv * _level(lead, "r", 45.0) / _FRONTAL["r"]
