"""Each condition beside the table, by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import AlreadyClaimed, ClaimLost, Conflict, ContentUnseen, IllegalTransition, SamePerson
from shared.reading.lifecycle import Facts, guards

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
ME = Facts("claimed", "me", NOW)
HELD_BY_OTHER = replace(ME, holder_id="other", holder_name="测试医师乙", held_until=NOW + timedelta(seconds=60))


def test_a_write_without_the_live_token_is_a_lost_claim() -> None:
    with pytest.raises(ClaimLost):
        guards.holds_claim(ME)
    guards.holds_claim(replace(ME, shows_claim=True))


def test_a_review_held_by_somebody_else_names_him_and_his_time() -> None:
    with pytest.raises(AlreadyClaimed) as refused:
        guards.nobody_else_holds(HELD_BY_OTHER)
    assert refused.value.extra == {
        "claimed_by": {"account_id": "other", "name": "测试医师乙"},
        "claim_until": "2026-11-21T02:01:00+00:00",
    }


def test_a_free_review_needs_no_token_but_an_own_one_does() -> None:
    guards.nobody_else_holds(ME)
    own = replace(ME, holder_id="me")
    with pytest.raises(ClaimLost):
        guards.nobody_else_holds(own)
    guards.nobody_else_holds(replace(own, shows_claim=True))


def test_nobody_reviews_what_he_wrote_or_submitted() -> None:
    guards.did_not_write(replace(ME, author_id="other", written_by=frozenset({"other"})))
    for facts in (replace(ME, author_id="me"), replace(ME, written_by=frozenset({"me", "other"}))):
        with pytest.raises(SamePerson):
            guards.did_not_write(facts)


def test_only_the_author_recalls() -> None:
    guards.is_author(replace(ME, author_id="me"))
    with pytest.raises(Conflict):
        guards.is_author(replace(ME, author_id="other"))


@pytest.mark.parametrize(("kept_for", "left_s", "free"), [("other", 1, False), ("other", 0, True), ("me", 60, True)])
def test_a_returned_case_is_its_authors_until_the_time_is_over(kept_for: str, left_s: int, free: bool) -> None:
    facts = replace(ME, kept_for_id=kept_for, kept_until=NOW + timedelta(seconds=left_s))
    if free:
        guards.is_not_kept_for_another(facts)
        return
    with pytest.raises(Conflict) as refused:
        guards.is_not_kept_for_another(facts)
    assert refused.value.code == "kept_for_author"


def test_late_content_is_seen_before_a_signature() -> None:
    guards.saw_content(ME)
    with pytest.raises(ContentUnseen):
        guards.saw_content(replace(ME, has_unseen_content=True))


def test_a_reader_cancels_only_what_the_clinic_asked_to_cancel() -> None:
    guards.cancel_was_requested(replace(ME, cancel_requested=True))
    with pytest.raises(Conflict):
        guards.cancel_was_requested(ME)


def test_one_signature_is_a_policy() -> None:
    guards.one_signature_suffices(replace(ME, one_signature=True))
    with pytest.raises(IllegalTransition) as refused:
        guards.one_signature_suffices(ME)
    assert refused.value.extra["state"] == "claimed"


@pytest.mark.parametrize(("minutes", "allowed"), [(-1, True), (0, True), (1, False)])
def test_a_promise_is_only_brought_forward(minutes: int, allowed: bool) -> None:
    facts = replace(ME, due_at=NOW, wanted_due_at=NOW + timedelta(minutes=minutes))
    if allowed:
        guards.is_not_later(facts)
    else:
        with pytest.raises(Conflict):
            guards.is_not_later(facts)


def test_only_the_last_holder_resumes() -> None:
    guards.was_last_holder(replace(ME, was_last_holder=True))
    with pytest.raises(ClaimLost):
        guards.was_last_holder(ME)
