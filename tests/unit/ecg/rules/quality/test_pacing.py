"""Spikes are found where a pacemaker fires and nowhere else."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from services.ecg.parse.recording import Recording
from services.ecg.rules.quality.pacing import find_pacing_spikes
from tests.support.ecg_signals import beat_onsets_s, make_ecg


def expected(recording: Recording, lead_s: float = 0.004) -> list[float]:
    """Instants of the stimuli of a ventricular pacemaker, s."""
    return [onset - lead_s for onset in beat_onsets_s("paced") if onset < recording.duration_s - 0.05]


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0, 2000.0])
@pytest.mark.parametrize("mains_uv", [0.0, 60.0])
def test_every_ventricular_stimulus_is_found_within_6_ms(rate_hz: float, mains_uv: float) -> None:
    recording = make_ecg("paced", sampling_rate_hz=rate_hz, noise_uv=10, mains_uv=mains_uv)
    found = [sample / rate_hz for sample in find_pacing_spikes(recording)]
    assert found == pytest.approx(expected(recording), abs=0.006)


def test_atrial_stimuli_are_found() -> None:
    recording = make_ecg("paced_atrial", noise_uv=10)
    assert len(find_pacing_spikes(recording)) == pytest.approx(len(beat_onsets_s()), abs=1)


@pytest.mark.parametrize("rhythm", ["sinus", "af", "vt", "vf", "flutter", "asystole"])
@pytest.mark.parametrize("disturbance", [{}, {"mains_uv": 200.0}, {"noise_uv": 60.0}, {"wander_uv": 1000.0}])
def test_nothing_is_found_without_a_pacemaker(
    rhythm: Literal["sinus", "af", "vt", "vf", "flutter", "asystole"], disturbance: dict[str, float]
) -> None:
    assert find_pacing_spikes(make_ecg(rhythm, **disturbance)) == ()


def test_a_steep_narrow_qrs_of_a_child_is_no_spike() -> None:
    assert find_pacing_spikes(make_ecg(heart_rate_bpm=150, qrs_ms=50, amplitude=1.8)) == ()


def test_a_lone_glitch_in_every_lead_is_no_pacemaker() -> None:
    recording = make_ecg(noise_uv=5)
    glitch = recording.microvolts.copy()
    glitch[:, 2222] += 400
    assert find_pacing_spikes(replace(recording, microvolts=glitch)) == ()


def test_glitches_of_one_electrode_are_no_pacemaker() -> None:
    recording = make_ecg(noise_uv=5)
    samples = recording.microvolts.copy()
    samples[recording.leads.index("V3"), 100::400] += 2000
    assert find_pacing_spikes(replace(recording, microvolts=samples)) == ()


def test_below_500_hz_only_the_marks_of_the_cart_are_answered() -> None:
    recording = make_ecg("paced", sampling_rate_hz=250.0)
    assert find_pacing_spikes(recording) == ()
    assert find_pacing_spikes(replace(recording, spike_samples=(900, 30, 9999))) == (30, 900)


def test_marks_of_the_cart_are_merged_and_one_spike_counts_once() -> None:
    recording = make_ecg("paced", noise_uv=10)
    found = find_pacing_spikes(recording)
    marked = replace(recording, spike_samples=(found[1] - 2, found[3] + 150))
    assert find_pacing_spikes(marked) == tuple(sorted({*found, found[1] - 2, found[3] + 150} - {found[1]}))


def test_gaps_without_values_do_no_harm() -> None:
    recording = make_ecg("paced", noise_uv=10)
    samples = recording.microvolts.copy()
    samples[recording.leads.index("V1")] = np.nan
    samples[:, 1000:1200] = np.nan
    gap = replace(recording, microvolts=samples)
    outside = [sample for sample in find_pacing_spikes(recording) if not 950 < sample < 1250]
    assert set(outside) <= set(find_pacing_spikes(gap)) <= set(find_pacing_spikes(recording))


def test_a_recording_shorter_than_the_calm_holds_none() -> None:
    recording = make_ecg(duration_s=0.5)
    assert find_pacing_spikes(replace(recording, microvolts=recording.microvolts[:, :40])) == ()
