"""Any sequence of calls by anybody keeps the invariants: the state only by the table, one live claim, versions grow."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from shared.auth import Actor
from shared.errors import GongzhenError
from shared.ids import new_id
from shared.reading.lifecycle import READING, TRANSITIONS, Action, By, State
from shared.reading.queries import reports
from shared.reading.workflow import amendment, claims, drafts, management, review, signing, sweeps
from shared.reading.workflow.assign import queue
from tests.integration.reading.centre import (
    CLINIC,
    DISPATCHER,
    FORM,
    OTHER_READER,
    OTHER_REVIEWER,
    PEOPLE,
    READER,
    REVIEWER,
    Centre,
)

STEPS = 45
SENSIBLE = 0.8
"""How often the dice picks something that is possible; else anybody tries anything, with any token or none."""

BY_ACTION = {
    Action.queue: "queue",
    Action.cancel: "cancel",
    Action.request_cancel: "cancel",
    Action.add_content: "add",
    Action.reprioritize: "hurry",
    Action.claim: "claim",
    Action.resume: "resume",
    Action.save_draft: "save",
    Action.release: "release",
    Action.expire: "expire",
    Action.force_release: "force_release",
    Action.refer: "refer",
    Action.submit: "submit",
    Action.claim_review: "claim_review",
    Action.release_review: "release",
    Action.recall: "recall",
    Action.return_: "return_",
    Action.sign: "sign",
    Action.open_amendment: "amend",
    Action.discard: "discard",
    Action.void: "void",
}
RARELY = {
    "cancel": 0.1, "void": 0.1, "refer": 0.1, "force_release": 0.3, "hurry": 0.3, "expire": 0.3, "release": 0.4,
    "add": 0.3,
}  # fmt: skip
HANDS = {
    By.clinic: (CLINIC,),
    By.reader: (READER, READER, OTHER_READER, REVIEWER),
    By.reviewer: (REVIEWER, REVIEWER, OTHER_REVIEWER),
    By.dispatcher: (DISPATCHER,),
    By.system: (DISPATCHER,),
}


class Walk:
    """One case, every token ever given for it, and a dice."""

    def __init__(self, centre: Centre, case_id: str, dice: random.Random) -> None:
        self.centre, self.case_id, self.dice = centre, case_id, dice
        self.tokens: list[tuple[Actor, str]] = []

    async def step(self) -> None:
        is_sensible = self.dice.random() < SENSIBLE
        name, actor, token = await self._sensible() if is_sensible else self._anything()
        command: Callable[[Actor, str | None], Awaitable[None]] = getattr(self, name)
        try:
            await command(actor, token)
        except GongzhenError as refused:
            assert 400 <= refused.status < 500, refused

    async def _sensible(self) -> tuple[str, Actor, str | None]:
        """What the table allows now, by the holder if there is one and by somebody of the right role if not."""
        case = await self.centre.case(self.case_id)
        possible = [each for each in TRANSITIONS if each.source == case.state and each.action in BY_ACTION]
        possible = [each for each in possible if self.dice.random() < RARELY.get(BY_ACTION[Action(each.action)], 1)]
        if not possible:
            return "queue", CLINIC, None
        transition = self.dice.choice(possible)
        held = [each for each in await self.centre.claims(self.case_id) if each.ended_at is None]
        holders = [each for each in PEOPLE.values() if held and each.account_id == held[0].account_id]
        hands = HANDS[self.dice.choice(sorted(transition.by))]
        actor = holders[0] if holders and self.dice.random() < 0.8 else self.dice.choice(hands)
        shows = held and actor in holders
        return BY_ACTION[Action(transition.action)], actor, held[0].token if shows else None

    def _anything(self) -> tuple[str, Actor, str | None]:
        token = self.dice.choice([None, "false", *(token for _, token in self.tokens)])
        return self.dice.choice(sorted(BY_ACTION.values())), self.dice.choice(list(PEOPLE.values())), token

    async def _take(self, actor: Actor, work: Callable[..., Awaitable[claims.Claimed]], *more: object) -> None:
        async with self.centre.db.transaction() as session:
            claimed = await work(session, actor, self.case_id, *more)
        self.tokens.append((actor, claimed.claim.token))

    async def claim(self, actor: Actor, _: str | None) -> None:
        await self._take(actor, claims.claim)

    async def claim_review(self, actor: Actor, _: str | None) -> None:
        await self._take(actor, claims.claim_review)

    async def resume(self, actor: Actor, token: str | None) -> None:
        await self._take(actor, claims.resume, token or "none")

    async def recall(self, actor: Actor, _: str | None) -> None:
        await self._take(actor, review.recall)

    async def amend(self, actor: Actor, _: str | None) -> None:
        await self._take(actor, amendment.open_amendment)

    async def release(self, actor: Actor, token: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await claims.release(session, actor, self.case_id, token)

    async def discard(self, actor: Actor, token: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await amendment.discard(session, actor, self.case_id, token=token)

    async def void(self, actor: Actor, _: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await review.void(session, actor, self.case_id, reason="作废")

    async def cancel(self, actor: Actor, token: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await management.cancel(session, actor, self.case_id, token=token)

    async def return_(self, actor: Actor, token: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await review.return_(session, actor, self.case_id, comment="再看", token=token)

    async def force_release(self, actor: Actor, _: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await claims.force_release(session, actor, self.case_id)

    async def hurry(self, actor: Actor, _: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await management.reprioritize(session, actor, self.case_id, self.dice.choice(["stat", "routine"]))

    async def refer(self, actor: Actor, token: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await management.refer(session, actor, self.case_id, to="org_b", reason="专科", token=token)

    async def queue(self, _actor: Actor, _: str | None) -> None:
        async with self.centre.db.transaction() as session:
            await queue(session, self.case_id)

    async def save(self, actor: Actor, token: str | None) -> None:
        form = {**FORM, "impression": f"第{self.dice.randrange(9)}稿"}
        await drafts.save(self.centre.db, actor, self.case_id, form, token=token)

    async def submit(self, actor: Actor, token: str | None) -> None:
        await signing.submit(self.centre.desk, actor, self.case_id, token=token, grant=self.centre.grant(actor))

    async def sign(self, actor: Actor, token: str | None) -> None:
        await self.centre.sign(actor, self.case_id, token)

    async def add(self, actor: Actor, _: str | None) -> None:
        case = await self.centre.case(self.case_id)
        await self.centre.accept(actor, accession=case.accession_number, contents=(new_id("x"),))

    async def expire(self, _actor: Actor, _: str | None) -> None:
        await self.centre.age("claim", "lease_until", timedelta(seconds=121), self.case_id)
        await sweeps.expire_claims(self.centre.db, "imaging")

    async def check(self, before: int) -> int:
        case = await self.centre.case(self.case_id)
        assert case.version >= before
        assert case.state in set(State)
        held = [each for each in await self.centre.claims(self.case_id) if each.ended_at is None]
        assert len(held) <= 1
        assert bool(held) or case.state not in (State.claimed, State.amending)
        if held:
            stages = {State.claimed: "report", State.in_review: "review", State.amending: "amendment"}
            assert held[0].stage == stages[State(case.state)]
        return case.version


@pytest.mark.parametrize("seed", range(8))
async def test_any_sequence_of_calls_keeps_the_invariants(centre: Centre, seed: int) -> None:
    case_id = await centre.queued()
    walk = Walk(centre, case_id, random.Random(seed))
    version = 0
    for _ in range(STEPS):
        await walk.step()
        version = await walk.check(version)
    await _history_follows_the_table(centre, case_id)
    await _one_released_version_at_most(centre, case_id)


async def _history_follows_the_table(centre: Centre, case_id: str) -> None:
    state: str | None = None
    last = 0
    for row in await centre.history(case_id):
        assert row.from_state == state, (row.action, row.from_state, state)
        assert READING.next_step(row.from_state, row.action).target == row.to_state
        assert row.case_version > last
        state, last = row.to_state, row.case_version
    assert (await centre.case(case_id)).state == state
    versions = [envelope.case_version or 0 for _, envelope in await centre.events(case_id)]
    assert versions == sorted(set(versions))


async def _one_released_version_at_most(centre: Centre, case_id: str) -> None:
    async with centre.db.transaction() as session:
        found = await reports.versions(session, case_id)
    assert len([each for each in found if each.status in ("final", "amended")]) <= 1
    assert [each.version for each in found] == list(range(1, len(found) + 1))
    for each in found:
        assert each.reviewer_id is None or each.reviewer_id not in {*each.written_by, each.author_id}
