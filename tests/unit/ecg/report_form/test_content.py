from dataclasses import replace

import pytest

from services.ecg.report_form.content import EcgContent, content_of
from services.ecg.report_form.evidence import EcgEvidence
from services.ecg.rules.facts import Measurements
from tests.unit.ecg.report_form.reports import FACTS, evidence, form


def test_accepted_numbers_are_the_computers_in_whole_units() -> None:
    content = content_of(form(), evidence())
    assert (content.heart_rate_bpm, content.pr_ms, content.axis_deg) == (72, 160, -12)
    assert (content.rv5_mv, content.sv1_mv) == (1.21, 0.9)
    assert content.corrected == []


def test_a_corrected_number_is_the_readers_and_the_computers_stays_beside_it() -> None:
    content = content_of(form(qt_ms=420, pr_ms=None), evidence())
    assert (content.qt_ms, content.pr_ms) == (420, None)
    assert content.corrected == ["pr_ms", "qt_ms"]
    assert (content.computer.qt_ms, content.computer.pr_ms) == (400, 160)


def test_writing_the_computers_number_again_corrects_nothing() -> None:
    assert content_of(form(heart_rate_bpm=72), evidence()).corrected == []


def test_what_cannot_be_measured_is_null_and_never_invented() -> None:
    content = content_of(form(), evidence(measurements=Measurements(heart_rate_bpm=float("nan"))))
    assert set(content.computer.model_dump().values()) == {None}
    assert content.heart_rate_bpm is None


def test_the_recording_and_the_others_are_named() -> None:
    other = replace(FACTS, recording_id="rec_0", recorded_at=None)
    content = content_of(form(), EcgEvidence((other, FACTS)))
    assert (content.recording.recording_id, content.recording.sha256) == ("rec_1", "a" * 64)
    assert content.recording.filters.high_cut_hz == 150
    assert [each.recording_id for each in content.other_recordings] == ["rec_0"]


def test_what_was_signed_reads_back_the_same() -> None:
    content = content_of(form(qt_ms=420), evidence())
    assert EcgContent.model_validate(content.model_dump(mode="json")) == content


def test_there_is_no_report_without_a_recording() -> None:
    with pytest.raises(ValueError, match="recording"):
        content_of(form(), EcgEvidence())
