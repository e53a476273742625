from dataclasses import replace
from datetime import timedelta

from services.ecg.report_form.evidence import EcgEvidence
from tests.unit.ecg.report_form.reports import FACTS

assert FACTS.recorded_at is not None
EARLY = replace(FACTS, recording_id="early", recorded_at=FACTS.recorded_at - timedelta(minutes=10))
BAD = replace(FACTS, recording_id="bad", recorded_at=FACTS.recorded_at + timedelta(minutes=10), quality="unusable")
UNDATED = replace(FACTS, recording_id="undated", recorded_at=None)
CASE = EcgEvidence((FACTS, EARLY, BAD, UNDATED))


def test_the_latest_usable_recording_is_the_one_reported_on() -> None:
    assert CASE.chosen(None) == FACTS


def test_the_reader_may_name_another() -> None:
    assert CASE.chosen("early") == EARLY
    assert CASE.chosen("bad") == BAD


def test_nobodys_name_is_none() -> None:
    assert CASE.chosen("elsewhere") is None
    assert EcgEvidence().chosen(None) is None


def test_where_none_is_usable_the_latest_counts() -> None:
    assert EcgEvidence((BAD, replace(EARLY, quality="unusable"))).chosen(None) == BAD


def test_of_equal_times_the_one_that_came_last_counts() -> None:
    again = replace(FACTS, recording_id="again")
    assert EcgEvidence((FACTS, again)).chosen(None) == again


def test_the_others_keep_their_order() -> None:
    assert [each.recording_id for each in CASE.others("early")] == ["rec_1", "bad", "undated"]
