"""Each thing that goes wrong on the couch is named once, with what to do; clean recordings pass in silence."""

from dataclasses import replace

import numpy as np
import pytest

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Analysis, Beats, Measurements
from services.ecg.rules.quality.check import check_quality
from tests.support.ecg_signals import Rhythm, make_ecg
from tests.unit.ecg.rules.quality.disturb import (
    CHEST_ONLY,
    EIGHT,
    at_electrode,
    clean,
    faults_of,
    spoil,
    texts,
    verdict_of,
    wave,
)


@pytest.mark.parametrize("rhythm", ["sinus", "af", "flutter", "vt", "paced", "av_block_3", "junctional"])
@pytest.mark.parametrize("leads", [EIGHT, STANDARD])
def test_a_clean_recording_is_ok_and_says_nothing(rhythm: Rhythm, leads: tuple[str, ...]) -> None:
    quality = check_quality(make_ecg(rhythm, leads=leads, noise_uv=8))
    assert (quality.verdict, texts(quality)) == ("ok", [])
    assert [lead.lead for lead in quality.leads] == list(STANDARD)


@pytest.mark.parametrize("rate_hz", [250.0, 500.0, 1000.0])
def test_a_noiseless_slow_heart_is_not_taken_for_a_lost_electrode(rate_hz: float) -> None:
    assert check_quality(make_ecg(heart_rate_bpm=32, sampling_rate_hz=rate_hz, pauses={2: 4.0})).verdict == "ok"


def test_a_lost_chest_electrode_is_named() -> None:
    quality = check_quality(spoil(clean(), "V3", np.zeros_like))
    assert texts(quality) == ["V3 脱落，请重做"]
    assert (quality.verdict, verdict_of(quality, "V3")) == ("poor", "unusable")


def test_three_lost_chest_electrodes_make_it_unusable() -> None:
    assert check_quality(spoil(clean(), ("V2", "V3", "V4"), np.zeros_like)).verdict == "unusable"


def test_a_lead_flat_for_a_second_is_found() -> None:
    def loosened(lead: np.ndarray) -> np.ndarray:
        return np.where((np.arange(len(lead)) >= 2130) & (np.arange(len(lead)) < 2630), -40.0, lead)

    quality = check_quality(spoil(clean(), "V5", loosened))
    assert faults_of(quality, "V5") == ("flat",)
    assert verdict_of(quality, "V5") == "poor"
    assert texts(quality) == ["V5 间断平线，请按紧电极并检查导线"]


@pytest.mark.parametrize(("lost", "electrode"), [(("I", "II"), "RA"), (("I",), "LA"), (("II",), "LL")])
def test_a_lost_limb_electrode_is_named_once_when_the_other_leads_are_derived(
    lost: tuple[str, ...], electrode: str
) -> None:
    quality = check_quality(spoil(clean(EIGHT), lost, np.zeros_like))
    assert len(texts(quality)) == 1
    assert f"（{electrode}，" in texts(quality)[0]
    assert "脱落，请重做" in texts(quality)[0]
    assert quality.faults[0].code == f"electrode_{electrode.lower()}"


@pytest.mark.parametrize(
    ("lost", "electrode"),
    [(("I", "II"), "RA"), (("I", "III"), "LA"), (("II", "III"), "LL"), (("I", "II", "III", "aVR", "aVL", "aVF"), "RA")],
)
def test_a_lost_limb_electrode_is_named_when_iii_was_recorded(lost: tuple[str, ...], electrode: str) -> None:
    quality = check_quality(spoil(clean(), lost, np.zeros_like))
    assert quality.faults[0].code == f"electrode_{electrode.lower()}"


@pytest.mark.parametrize("electrode", ["RA", "LA", "LL"])
@pytest.mark.parametrize("leads", [EIGHT, STANDARD])
def test_mains_at_a_limb_electrode_are_told_of_the_electrode(electrode: str, leads: tuple[str, ...]) -> None:
    recording = clean(leads)
    quality = check_quality(at_electrode(recording, electrode, wave(recording, 50.0, 200.0)))
    assert len(texts(quality)) == 1
    assert f"（{electrode}，" in texts(quality)[0]
    assert "工频干扰（50 Hz），请检查电极与接地" in texts(quality)[0]


def test_mains_in_every_lead_point_to_the_ground() -> None:
    quality = check_quality(make_ecg(noise_uv=8, mains_uv=200))
    assert [fault.code for fault in quality.faults] == ["electrode_rl"]
    assert len(texts(quality)) == 1


@pytest.mark.parametrize("hertz", [49.8, 50.0, 50.3, 60.0])
def test_mains_in_one_chest_lead_are_named_with_their_frequency(hertz: float) -> None:
    recording = clean()
    quality = check_quality(spoil(recording, "V2", lambda lead: lead + wave(recording, hertz, 100.0)))
    assert texts(quality) == [f"V2 工频干扰（{round(hertz, -1):.0f} Hz），请检查电极与接地"]
    assert verdict_of(quality, "V2") == "poor"


def test_hum_below_a_tenth_of_a_millivolt_is_let_pass() -> None:
    recording = clean()
    assert check_quality(spoil(recording, "V2", lambda lead: lead + wave(recording, 50.0, 30.0))).verdict == "ok"


@pytest.mark.parametrize("amplitude_uv", [500.0, 1000.0])
def test_wander_of_a_millivolt_is_found(amplitude_uv: float) -> None:
    recording = clean()
    quality = check_quality(spoil(recording, "V6", lambda lead: lead + wave(recording, 0.23, amplitude_uv)))
    assert faults_of(quality, "V6") == ("wander",)
    assert quality.verdict == "poor"


def test_a_saturated_lead_is_found() -> None:
    quality = check_quality(spoil(clean(), "V4", lambda lead: np.clip(3.0 * lead, -1200, 1200)))
    assert "saturated" in faults_of(quality, "V4")
    assert "量程" in texts(quality)[0]


def test_a_lead_at_its_rail_is_lost() -> None:
    quality = check_quality(spoil(clean(), "V4", lambda lead: np.full_like(lead, 32767.0)))
    assert verdict_of(quality, "V4") == "unusable"
    assert "V4 脱落，请重做" in texts(quality)[0]


def test_muscle_noise_is_found() -> None:
    muscle = np.random.default_rng(3).normal(0, 70, 5000)
    quality = check_quality(spoil(clean(), "V1", lambda lead: lead + muscle))
    assert faults_of(quality, "V1") == ("noise",)


def test_a_trembling_or_breathing_patient_is_told_once_and_no_electrode_is_blamed() -> None:
    trembling = check_quality(make_ecg(noise_uv=80))
    assert [fault.code for fault in trembling.faults] == ["all_leads_disturbed"]
    assert texts(trembling) == ["各导联 肌电干扰，请让患者放松、保暖，检查电极接触"]
    breathing = check_quality(make_ecg(noise_uv=8, wander_uv=1000))
    assert texts(breathing) == ["各导联 基线漂移，请清洁皮肤、重贴电极，嘱患者平静呼吸"]


def test_a_tall_fast_qrs_is_not_taken_for_muscle_noise() -> None:
    assert check_quality(make_ecg(heart_rate_bpm=190, amplitude=2.5, qrs_ms=60, pr_ms=100, qt_ms=220)).verdict == "ok"


@pytest.mark.parametrize(("gap", "verdict"), [(slice(1000, 1200), "poor"), (slice(0, 2000), "unusable")])
def test_missing_samples_are_told(gap: slice, verdict: str) -> None:
    def torn(lead: np.ndarray) -> np.ndarray:
        torn = lead.copy()
        torn[gap] = np.nan
        return torn

    quality = check_quality(spoil(clean(), "V1", torn))
    assert faults_of(quality, "V1") == ("gap",)
    assert verdict_of(quality, "V1") == verdict


def test_a_lead_without_any_value_is_unusable_and_harms_no_other() -> None:
    quality = check_quality(spoil(clean(), "V1", lambda lead: np.full_like(lead, np.nan)))
    assert [lead.lead for lead in quality.leads if lead.verdict != "ok"] == ["V1"]


def test_a_missing_lead_is_listed_and_few_leads_are_told_once() -> None:
    six = check_quality(make_ecg(leads=EIGHT[:-1], noise_uv=8))
    assert faults_of(six, "V6") == ("missing",)
    three = check_quality(make_ecg(leads=("I", "II"), noise_uv=8))
    assert texts(three) == ["只有 2 个独立导联，不能作 12 导联诊断：请接好全部电极后重做"]
    assert len([lead for lead in three.leads if "missing" in lead.faults]) == len(CHEST_ONLY)


@pytest.mark.parametrize(("duration_s", "verdict"), [(1.5, "unusable"), (4.0, "poor"), (5.0, "ok")])
def test_a_short_recording_is_told(duration_s: float, verdict: str) -> None:
    assert check_quality(make_ecg(duration_s=duration_s, noise_uv=8)).verdict == verdict


def test_a_low_sampling_rate_is_told() -> None:
    assert check_quality(make_ecg(sampling_rate_hz=125, noise_uv=8)).faults[0].code == "low_sampling_rate"


def test_limb_leads_that_contradict_each_other_are_told_unless_iii_is_derived() -> None:
    recorded = spoil(clean(), "III", lambda lead: -lead)
    assert [fault.code for fault in check_quality(recorded).faults] == ["einthoven"]
    assert check_quality(replace(recorded, derived=frozenset({"III"}))).faults == ()


def test_one_chest_electrode_under_two_names_is_told() -> None:
    recording = clean()
    quality = check_quality(spoil(recording, "V5", lambda lead: recording.lead("V4") + 3.0))
    assert texts(quality) == ["V4 与 V5 波形完全相同：请核对胸导联线与电极后重做"]


def test_silence_in_every_lead_sends_to_the_patient_first() -> None:
    quality = check_quality(make_ecg("asystole"))
    assert quality.verdict == "unusable"
    assert texts(quality) == ["各导联均为平线：请先看患者，再检查电极、导联线与心电图机"]


def test_no_qrs_sends_to_the_patient_first() -> None:
    none = Analysis(Measurements(), Beats((), ()), None)
    quality = check_quality(make_ecg("vf", noise_uv=8), none)
    assert quality.faults[0].code == "no_qrs"
    assert "请先看患者" in quality.faults[0].text


def test_an_empty_recording_is_unusable() -> None:
    empty = Recording("synthetic", 500.0, ("I",), np.zeros((1, 0)))
    assert check_quality(empty).verdict == "unusable"


def test_one_lead_alone_is_judged() -> None:
    assert check_quality(make_ecg(leads=("V1",), noise_uv=8)).faults[0].code == "too_few_leads"


def test_a_stretch_that_stands_still_in_all_leads_is_said() -> None:
    recording = clean()
    frozen = recording.microvolts.copy()
    frozen[:, 2000:4000] = frozen[:, 2000:2001]
    said = check_quality(replace(recording, microvolts=frozen))
    assert [(fault.code, said.verdict) for fault in said.faults] == [("frozen", "poor")]
    assert "4.0–8.0 秒" in said.faults[0].text
    short = recording.microvolts.copy()
    short[:, 2000:2900] = short[:, 2000:2001]
    assert not check_quality(replace(recording, microvolts=short)).faults
