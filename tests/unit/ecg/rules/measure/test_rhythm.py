"""Beats, pauses, runs, and above all: nothing is invented."""

from dataclasses import replace

import numpy as np
import pytest

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Beats, Measurements
from services.ecg.rules.measure.analyse import analyse
from tests.support.ecg_signals import Rhythm, make_ecg


@pytest.mark.parametrize("rhythm", ["af", "flutter", "junctional", "av_block_3", "vt", "paced"])
@pytest.mark.parametrize("noise_uv", [0.0, 10.0])
def test_no_p_is_invented(rhythm: Rhythm, noise_uv: float) -> None:
    answer = analyse(make_ecg(rhythm, noise_uv=noise_uv))
    found = answer.measurements
    assert found.has_p is not True
    assert (found.pr_ms, found.p_ms, found.p_axis_deg) == (None, None, None)
    assert answer.median is not None and answer.median.marks.p_on_ms is None
    assert all(wave.p is None for wave in found.amplitudes)


@pytest.mark.parametrize("seed", range(8))
def test_fibrillation_has_no_p_and_an_irregular_rhythm(seed: int) -> None:
    found = analyse(make_ecg("af", heart_rate_bpm=90, noise_uv=5, seed=seed)).measurements
    assert found.has_p is not True
    assert found.rr_irregularity is not None and found.rr_irregularity > 0.08


@pytest.mark.parametrize("seed", range(4))
def test_ventricular_fibrillation_has_no_beats_and_is_disorganised(seed: int) -> None:
    answer = analyse(make_ecg("vf", noise_uv=5, seed=seed))
    assert answer.beats == Beats((), ())
    assert answer.median is None
    assert answer.measurements == Measurements(disorganised=True)


@pytest.mark.parametrize("noise_uv", [0.0, 5.0, 50.0, 400.0])
def test_asystole_and_noise_have_no_beats(noise_uv: float) -> None:
    answer = analyse(make_ecg("asystole", noise_uv=noise_uv))
    assert answer.beats.samples == ()
    assert answer.measurements == Measurements()


def test_nothing_recorded_is_nothing_measured() -> None:
    recording = make_ecg()
    for samples in (recording.microvolts * np.nan, recording.microvolts[:, :0], recording.microvolts[:, :3]):
        answer = analyse(replace(recording, microvolts=samples))
        assert answer.measurements == Measurements()


@pytest.mark.parametrize("rate", [140.0, 180.0, 220.0])
def test_ventricular_tachycardia_is_one_run_of_wide_beats(rate: float) -> None:
    found = analyse(make_ecg("vt", heart_rate_bpm=rate, noise_uv=5)).measurements
    assert found.heart_rate_bpm == pytest.approx(rate, abs=2)
    assert found.qrs_ms is not None and found.qrs_ms >= 120
    assert found.longest_wide_run >= 20
    assert found.wide_run_rate_bpm == pytest.approx(rate, abs=2)


def test_run_within_sinus_rhythm_is_counted_with_its_rate() -> None:
    found = analyse(make_ecg(wide_run=(3, 5), wide_run_rate_bpm=160, noise_uv=5)).measurements
    assert (found.ectopic_count, found.wide_beat_count, found.longest_wide_run) == (5, 5, 5)
    assert found.wide_run_rate_bpm == pytest.approx(160, abs=3)
    assert found.qrs_ms is not None and found.qrs_ms < 120


def test_premature_wide_beats_do_not_disturb_the_dominant_beat() -> None:
    answer = analyse(make_ecg(premature=(3, 7), noise_uv=5))
    found = answer.measurements
    assert (found.ectopic_count, found.wide_beat_count, found.longest_wide_run) == (2, 2, 1)
    assert [answer.beats.kinds[number] != 0 for number in range(10)] == [number in (3, 7) for number in range(10)]
    assert found.pr_ms == pytest.approx(160, abs=20)


def test_pause_is_reported_in_ms() -> None:
    assert analyse(make_ecg(pauses={4: 3.5}, noise_uv=5)).measurements.pauses_ms == (3500,)


def test_silence_at_the_end_is_a_pause() -> None:
    found = analyse(make_ecg(pauses={4: 30.0}, noise_uv=5)).measurements
    assert len(found.pauses_ms) == 1
    assert found.pauses_ms[0] == pytest.approx(5600, abs=100)


def test_dropped_beats_leave_the_conducted_pr() -> None:
    found = analyse(make_ecg("av_block_2", noise_uv=5)).measurements
    assert found.has_p is True
    assert found.pr_ms == pytest.approx(160, abs=20)
    assert found.pauses_ms == (2000, 2000, 2000)


def test_pacing_spikes_are_no_beats() -> None:
    recording: Recording = make_ecg("paced", noise_uv=5)
    answer = analyse(recording)
    assert answer.measurements.paced
    assert len(answer.spike_samples) == 10
    assert answer.measurements.heart_rate_bpm == pytest.approx(60, abs=0.5)
    assert answer.measurements.longest_wide_run == 10
    assert not analyse(recording, spikes=()).measurements.paced


def test_atrial_pacing_keeps_its_p() -> None:
    found = analyse(make_ecg("paced_atrial", noise_uv=5)).measurements
    assert found.paced
    assert found.has_p is True
    assert found.qrs_ms is not None and found.qrs_ms < 120


def test_qtc_is_not_given_where_the_rate_makes_it_meaningless() -> None:
    slow = analyse(make_ecg(heart_rate_bpm=30, qt_ms=480, noise_uv=3)).measurements
    assert slow.qt_ms is not None
    assert (slow.qtcb_ms, slow.qtcf_ms) == (None, None)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_samples_are_an_answer_comes(seed: int) -> None:
    """Random length, rate, number of leads, gaps, spikes and shapes: no exception, and marks only with beats."""
    rng = np.random.default_rng(seed)
    count, leads = int(rng.integers(1, 4000)), STANDARD[: int(rng.integers(1, 13))]
    samples = rng.normal(0, rng.choice([0.0, 1.0, 300.0, 1e6]), (len(leads), count))
    if seed % 2:
        samples = np.cumsum(samples, axis=1)
    if seed % 3 == 0:
        samples[rng.random(samples.shape) < 0.3] = np.nan
    if seed % 5 == 0:
        samples[:, :: max(1, count // 12)] += 5000
    recording = Recording("synthetic", float(rng.choice([100, 240, 500, 977, 2000])), leads, samples)
    answer = analyse(recording, spikes=(0, count - 1) if seed % 4 == 0 else None)
    assert (answer.median is None) == (not answer.beats.samples)
    assert all(0 <= at < count for at in answer.beats.samples)
    assert len(answer.beats.samples) == len(answer.beats.kinds)
