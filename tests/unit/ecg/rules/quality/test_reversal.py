"""Swapped limb electrodes are seen in the median beat, with and without P waves; the heart's own variants are not."""

from dataclasses import replace

import numpy as np
import pytest

from services.ecg.parse.leads import STANDARD, with_derived_limb_leads
from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Analysis, Beats, Marks, Measurements, MedianBeat
from services.ecg.rules.quality.check import check_quality
from services.ecg.rules.quality.reversal import suspect_reversal
from tests.support.ecg_signals import Rhythm, beat_onsets_s, make_ecg

MARKS = Marks(p_on_ms=140, p_off_ms=240, qrs_on_ms=300, qrs_off_ms=390, t_off_ms=700, r_ms=345)


def rewired(recording: Recording, swap: str) -> Recording:
    one, two, three = (recording.lead(lead) for lead in ("I", "II", "III"))
    cart = {
        "none": (one, two),
        "la_ra": (-one, three),
        "ra_ll": (-three, -two),
        "la_ll": (two, one),
        "ra_rl": (-three, 0.02 * two),
        "la_rl": (two, two + 0.02 * three),
    }[swap]
    chest = recording.leads[6:]
    samples = np.stack([*cart, *(recording.lead(lead) for lead in chest)])
    return with_derived_limb_leads(replace(recording, leads=("I", "II", *chest), microvolts=samples))


def beat_of(recording: Recording, onset_s: float) -> MedianBeat:
    """One clean beat stands for the median; its QRS begins 300 ms after the first sample, as MARKS say."""
    first = round((onset_s - 0.3) * recording.sampling_rate_hz)
    window = recording.microvolts[:, first : first + 400]
    return MedianBeat(recording.sampling_rate_hz, recording.leads, window, MARKS, 9)


def suspected(recording: Recording, rhythm: Rhythm = "sinus") -> str | None:
    found = suspect_reversal(beat_of(recording, beat_onsets_s(rhythm)[3]))
    return found.code if found else None


@pytest.mark.parametrize("axis_deg", [-40.0, -10.0, 20.0, 50.0, 75.0])
@pytest.mark.parametrize("rhythm", ["sinus", "af", "junctional"])
def test_swaps_are_found_whatever_the_axis_and_without_p(rhythm: Rhythm, axis_deg: float) -> None:
    recording = make_ecg(rhythm, qrs_axis_deg=axis_deg, t_axis_deg=axis_deg / 2 + 20)
    assert suspected(rewired(recording, "none"), rhythm) is None
    assert suspected(rewired(recording, "la_ra"), rhythm) in {"la_ra", "ra_ll"}


@pytest.mark.parametrize("axis_deg", [-40.0, -10.0, 50.0, 75.0])
@pytest.mark.parametrize("rhythm", ["sinus", "af"])
def test_a_right_arm_on_the_right_leg_flattens_ii(rhythm: Rhythm, axis_deg: float) -> None:
    assert suspected(rewired(make_ecg(rhythm, qrs_axis_deg=axis_deg), "ra_rl"), rhythm) == "ra_rl"


@pytest.mark.parametrize("swap", ["none", "la_ra", "ra_ll", "ra_rl", "la_rl"])
def test_the_swap_is_named(swap: str) -> None:
    assert suspected(rewired(make_ecg(qrs_axis_deg=45), swap)) == (None if swap == "none" else swap)


def test_left_arm_and_left_leg_are_not_guessed() -> None:
    assert suspected(rewired(make_ecg(), "la_ll")) is None


def test_paced_beats_are_not_judged() -> None:
    beat = beat_of(rewired(make_ecg(), "la_ra"), beat_onsets_s()[3])
    assert suspect_reversal(beat, paced=True) is None


@pytest.mark.parametrize("lost", ["I", "II", "V6"])
def test_without_its_leads_nothing_is_said(lost: str) -> None:
    beat = beat_of(rewired(make_ecg(), "la_ra"), beat_onsets_s()[3])
    kept = [row for row, lead in enumerate(beat.leads) if lead != lost]
    fewer = replace(beat, leads=tuple(beat.leads[row] for row in kept), microvolts=beat.microvolts[kept])
    assert suspect_reversal(fewer) is None


def with_chest_leads_left_of_nothing(recording: Recording) -> Recording:
    """V2 to V4 repeat V1 ever smaller; V5 and V6 see what I sees, from far."""
    samples = recording.microvolts.copy()
    far = {"V2": ("V1", 1.0), "V3": ("V1", 0.8), "V4": ("V1", 0.6), "V5": ("I", 0.4), "V6": ("I", 0.3)}
    for lead, (source, part) in far.items():
        samples[STANDARD.index(lead)] = part * recording.lead(source)
    return replace(recording, microvolts=samples)


def test_a_heart_on_the_right_is_told_from_a_swap_by_the_r_of_the_chest_leads() -> None:
    dextrocardia = with_chest_leads_left_of_nothing(rewired(make_ecg(p_axis_deg=40), "la_ra"))
    assert suspected(dextrocardia) == "dextrocardia"


def test_a_tall_right_ventricle_with_an_upright_p_is_no_heart_on_the_right() -> None:
    right = make_ecg(qrs_axis_deg=150, t_axis_deg=60, p_axis_deg=60)
    assert suspected(with_chest_leads_left_of_nothing(right)) is None


def test_turned_limb_leads_over_dwindling_chest_leads_leave_both_open() -> None:
    recording = rewired(make_ecg(), "la_ra")
    samples = recording.microvolts.copy()
    samples[STANDARD.index("V6")] *= 0.2
    found = suspect_reversal(beat_of(replace(recording, microvolts=samples), beat_onsets_s()[3]))
    assert found is not None
    assert found.text.startswith("右位心或左、右上肢电极接反")


def test_a_swap_comes_with_the_verdict_and_says_what_to_do() -> None:
    recording = rewired(make_ecg(noise_uv=5), "la_ra")
    onsets = beat_onsets_s()
    analysis = Analysis(
        Measurements(),
        Beats(tuple(round(each * 500) for each in onsets), (0,) * len(onsets)),
        beat_of(recording, onsets[3]),
    )
    quality = check_quality(recording, analysis)
    assert (quality.verdict, [fault.code for fault in quality.faults]) == ("poor", ["limb_leads_swapped"])
    assert "请核对红、黄电极后重做" in quality.faults[0].text
    paced = replace(analysis, measurements=Measurements(paced=True))
    assert check_quality(recording, paced).verdict == "ok"
