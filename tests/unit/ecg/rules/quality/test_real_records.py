"""Real patients: recordings made in clinics pass, pacemakers and swaps are found, nothing is cried without reason."""

from pathlib import Path

import pytest

from bench.ecg_reversal import SWAPS, Known, records, swapped
from services.ecg.rules.quality.check import check_quality
from services.ecg.rules.quality.pacing import find_pacing_spikes
from services.ecg.rules.quality.reversal import suspect_reversal


@pytest.fixture(scope="module")
def known(corpus: Path) -> list[Known]:
    return list(records(corpus))


def share(answers: list[bool]) -> float:
    return sum(answers) / len(answers)


@pytest.mark.corpus
def test_few_recordings_of_clinics_are_refused(known: list[Known]) -> None:
    verdicts = [check_quality(each.recording, each.analysis).verdict for each in known]
    assert share([verdict == "unusable" for verdict in verdicts]) <= 0.05
    assert share([verdict == "ok" for verdict in verdicts]) >= 0.85


@pytest.mark.corpus
def test_every_pacemaker_and_no_other_heart_shows_spikes(known: list[Known]) -> None:
    assert [each.name for each in known if find_pacing_spikes(each.recording)] == [e.name for e in known if e.paced]


@pytest.mark.corpus
def test_arm_swaps_are_found_at_95_of_100_with_at_most_two_false_alarms(known: list[Known]) -> None:
    beats = [each.analysis.median for each in known if each.analysis.median is not None and not each.paced]
    assert share([suspect_reversal(beat) is not None for beat in beats]) <= 0.02
    assert share([suspect_reversal(swapped(beat, SWAPS["la_ra"])) is not None for beat in beats]) >= 0.95
    assert share([suspect_reversal(swapped(beat, SWAPS["ra_ll"])) is not None for beat in beats]) >= 0.94
