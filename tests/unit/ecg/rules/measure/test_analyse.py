"""What was asked of a synthetic ECG is what is measured."""

from dataclasses import replace

import numpy as np
import pytest

from services.ecg.parse.leads import STANDARD
from services.ecg.rules.measure.analyse import analyse
from tests.support.ecg_signals import beat_onsets_s, make_ecg

_CORNER_MS = 20
"""The synthetic QRS ends in a corner of 200 µV per sample, as no heart's does; smoothing carries it outward."""


@pytest.mark.parametrize("noise_uv", [0.0, 5.0, 15.0])
@pytest.mark.parametrize(
    ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms"),
    [(60, 160, 90, 400), (45, 120, 80, 460), (80, 220, 100, 380), (100, 140, 90, 320), (60, 300, 90, 400)],
)
def test_intervals_are_those_asked_for(
    heart_rate_bpm: float, pr_ms: float, qrs_ms: float, qt_ms: float, noise_uv: float
) -> None:
    found = analyse(
        make_ecg(heart_rate_bpm=heart_rate_bpm, pr_ms=pr_ms, qrs_ms=qrs_ms, qt_ms=qt_ms, noise_uv=noise_uv)
    ).measurements
    assert found.heart_rate_bpm == pytest.approx(heart_rate_bpm, abs=0.5)
    assert found.has_p is True
    assert found.pr_ms == pytest.approx(pr_ms, abs=20)
    assert found.qrs_ms == pytest.approx(qrs_ms, abs=_CORNER_MS)
    assert found.qt_ms == pytest.approx(qt_ms, abs=20)
    assert found.qt_ms is not None and found.rr_mean_ms is not None
    rr_s = found.rr_mean_ms / 1000
    assert found.qtcb_ms == pytest.approx(found.qt_ms / rr_s**0.5, abs=0.1)
    assert found.qtcf_ms == pytest.approx(found.qt_ms / rr_s ** (1 / 3), abs=0.1)


@pytest.mark.parametrize("axis", [-150, -60, -30, 0, 50, 90, 120, 170])
def test_axes_are_those_asked_for(axis: float) -> None:
    found = analyse(make_ecg(qrs_axis_deg=axis, p_axis_deg=60, t_axis_deg=30, noise_uv=3)).measurements
    assert found.qrs_axis_deg == pytest.approx(axis, abs=5)
    assert found.p_axis_deg == pytest.approx(60, abs=8)
    assert found.t_axis_deg == pytest.approx(30, abs=8)


def test_inverted_t_ends_where_an_upright_one_does() -> None:
    upright = analyse(make_ecg(noise_uv=3)).measurements.qt_ms
    assert analyse(make_ecg(t_amplitude=-1, noise_uv=3)).measurements.qt_ms == pytest.approx(upright, abs=4)


def test_a_flat_t_has_no_end() -> None:
    found = analyse(make_ecg(t_amplitude=0.02, noise_uv=2)).measurements
    assert found.qt_ms is None
    assert found.qtcb_ms is None


def test_st_level_and_amplitudes_are_those_asked_for() -> None:
    level = {wave.lead: wave.st_60 for wave in analyse(make_ecg(noise_uv=2)).measurements.amplitudes}
    found = analyse(make_ecg(st_uv={"V2": 300.0, "V5": -150.0}, noise_uv=2)).measurements
    leads = {wave.lead: wave for wave in found.amplitudes}
    assert leads["V2"].st_60 - level["V2"] == pytest.approx(300, abs=15)
    assert leads["V5"].st_60 - level["V5"] == pytest.approx(-150, abs=15)
    assert leads["V4"].st_60 == pytest.approx(level["V4"], abs=10)
    assert found.rv5_uv == pytest.approx(leads["V5"].r)
    assert found.sv1_uv == pytest.approx(900, rel=0.15)


@pytest.mark.parametrize("rate_hz", [100.0, 250.0, 257.0, 600.0, 1000.0, 2000.0])
def test_sampling_rate_changes_nothing(rate_hz: float) -> None:
    recording = make_ecg(sampling_rate_hz=rate_hz, noise_uv=3)
    answer = analyse(recording)
    assert answer.measurements.heart_rate_bpm == pytest.approx(60, abs=0.5)
    assert answer.measurements.pr_ms == pytest.approx(160, abs=20)
    onsets = np.array(beat_onsets_s())
    found = np.array(answer.beats.samples) / rate_hz
    assert len(found) == len(onsets)
    assert np.all((found - onsets > 0) & (found - onsets < 0.1))


@pytest.mark.parametrize(
    "leads", [("II",), ("I", "II"), ("V1", "V5", "II"), STANDARD[:8], (*STANDARD, "V3R", "V4R", "V7")]
)
def test_any_number_of_leads_is_measured(leads: tuple[str, ...]) -> None:
    answer = analyse(make_ecg(leads=leads, noise_uv=3))
    assert answer.measurements.heart_rate_bpm == pytest.approx(60, abs=0.5)
    assert answer.measurements.qrs_ms == pytest.approx(90, abs=_CORNER_MS)
    assert answer.median is not None
    assert answer.median.leads == leads
    assert (answer.measurements.qrs_axis_deg is None) == (not {"I", "II"} <= set(leads))


def test_noise_in_one_lead_doubles_no_beat() -> None:
    recording = make_ecg(heart_rate_bpm=41, noise_uv=5)
    samples = recording.microvolts.copy()
    samples[1] += np.random.default_rng(3).normal(0, 900, samples.shape[1])
    answer = analyse(replace(recording, microvolts=samples))
    assert len(answer.beats.samples) == len(beat_onsets_s(heart_rate_bpm=41))
    assert answer.measurements.heart_rate_bpm == pytest.approx(41, abs=0.5)


def test_missing_stretch_is_no_pause() -> None:
    recording = make_ecg(noise_uv=5)
    samples = recording.microvolts.copy()
    samples[:, 2000:3400] = np.nan
    found = analyse(replace(recording, microvolts=samples)).measurements
    assert found.pauses_ms == ()
    assert found.heart_rate_bpm == pytest.approx(60, abs=0.5)


def test_lead_that_never_moves_gives_no_axis() -> None:
    recording = make_ecg(noise_uv=3)
    samples = recording.microvolts.copy()
    samples[0] = 0.0
    found = analyse(replace(recording, microvolts=samples)).measurements
    assert found.qrs_axis_deg is None
    assert found.heart_rate_bpm == pytest.approx(60, abs=0.5)


def test_ten_minutes_are_measured() -> None:
    answer = analyse(make_ecg(duration_s=600, sampling_rate_hz=250, leads=("I", "II", "V1"), noise_uv=5))
    assert len(answer.beats.samples) == 600
    assert answer.measurements.pr_ms == pytest.approx(160, abs=20)


def test_marks_of_the_median_beat_are_in_order_and_give_the_intervals() -> None:
    answer = analyse(make_ecg(noise_uv=3))
    assert answer.median is not None
    marks, found = answer.median.marks, answer.measurements
    edges = [marks.p_on_ms, marks.p_off_ms, marks.qrs_on_ms, marks.r_ms, marks.qrs_off_ms, marks.t_off_ms]
    known = [edge for edge in edges if edge is not None]
    assert len(known) == len(edges)
    assert known == sorted(known)
    assert marks.qrs_on_ms is not None and marks.p_on_ms is not None
    assert marks.qrs_on_ms - marks.p_on_ms == found.pr_ms
    assert answer.median.microvolts.shape[0] == 12
