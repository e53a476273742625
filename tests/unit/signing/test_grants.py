from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Unauthenticated
from shared.signing.grants import Grant, SigningGrants
from shared.signing.signatory import Signatory


@dataclass
class Clock:
    moment: datetime = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(clock: Clock) -> Callable[[], SigningGrants]:
    """Another process of the same centre, or the same one after a restart."""
    return lambda: SigningGrants(b"secret of the centre", now=clock)


@pytest.fixture
def grants(process: Callable[[], SigningGrants]) -> SigningGrants:
    return process()


@pytest.fixture
def grant(grants: SigningGrants, author: Signatory) -> Grant:
    return grants.unlock("account_author", author.key, "0a1b")


def refused(grants: SigningGrants, token: str, account_id: str = "account_author", **options: datetime) -> bool:
    try:
        grants.open(token, account_id, **options)
    except Unauthenticated as refusal:
        return refusal.code == "signing_grant_invalid"
    return False


def test_a_grant_gives_the_key_to_its_account(grants: SigningGrants, grant: Grant, author: Signatory) -> None:
    opened = grants.open(grant.token, "account_author")
    assert (opened.key.public_pem, opened.certificate_serial) == (author.key.public_pem, "0a1b")
    assert grant.expires_in_s == 300


def test_another_account_gets_nothing(grants: SigningGrants, grant: Grant) -> None:
    assert refused(grants, grant.token, "account_reviewer")


def test_any_process_of_the_centre_opens_it(process: Callable[[], SigningGrants], grant: Grant) -> None:
    assert not refused(process(), grant.token)


def test_another_centre_does_not(grant: Grant, clock: Clock) -> None:
    assert refused(SigningGrants(b"secret of another", now=clock), grant.token)
    assert refused(SigningGrants(now=clock), grant.token)


def test_five_idle_minutes_end_it(grants: SigningGrants, grant: Grant, clock: Clock) -> None:
    clock.pass_by(minutes=5)
    assert refused(grants, grant.token)


def test_each_use_gives_five_minutes_more_to_the_renewed_token(
    grants: SigningGrants, process: Callable[[], SigningGrants], grant: Grant, clock: Clock
) -> None:
    for _ in range(10):
        clock.pass_by(minutes=4)
        grant = grants.open(grant.token, "account_author").renewed
    assert not refused(process(), grant.token)


def test_a_client_that_keeps_its_first_token_is_carried_along(
    grants: SigningGrants, grant: Grant, clock: Clock
) -> None:
    for _ in range(10):
        clock.pass_by(minutes=4)
        assert not refused(grants, grant.token)
    clock.pass_by(minutes=5)
    assert refused(grants, grant.token)


def test_a_working_day_ends_it_however_busy(grants: SigningGrants, grant: Grant, clock: Clock) -> None:
    for _ in range(119):
        clock.pass_by(minutes=4)
        grant = grants.open(grant.token, "account_author").renewed
    assert grant.expires_in_s == 240
    clock.pass_by(minutes=4)
    assert refused(grants, grant.token)


def test_a_revoked_grant_and_its_renewals_are_gone(grants: SigningGrants, grant: Grant) -> None:
    renewed = grants.open(grant.token, "account_author").renewed
    grants.revoke(grant.token)
    assert refused(grants, grant.token)
    assert refused(grants, renewed.token)


def test_an_account_revoked_in_the_directory_is_refused_in_every_process(
    process: Callable[[], SigningGrants], grant: Grant, clock: Clock
) -> None:
    assert refused(process(), grant.token, revoked_before=clock.moment + timedelta(seconds=1))
    assert not refused(process(), grant.token, revoked_before=clock.moment)


@pytest.mark.parametrize("token", ["", "x", "é", "AAAA" * 30, "===="])
def test_rubbish_is_refused(grants: SigningGrants, token: str) -> None:
    assert refused(grants, token)


def test_a_changed_character_is_refused(grants: SigningGrants, grant: Grant) -> None:
    changed = grant.token[:40] + ("A" if grant.token[40] != "A" else "B") + grant.token[41:]
    assert refused(grants, changed)
