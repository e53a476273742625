"""What a laboratory has chosen."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.lab.models import LabPolicy, RuleSetState, SenderSetting
from shared.auth import Actor
from shared.db import Session, at_most


async def active_rule_set(session: Session, laboratory_id: str) -> RuleSetState | None:
    """The latest whose moment has come."""
    statement = select(RuleSetState).where(
        RuleSetState.laboratory_id == laboratory_id, RuleSetState.holds_from <= func.clock_timestamp()
    )
    latest = statement.order_by(RuleSetState.holds_from.desc(), RuleSetState.id.desc()).limit(1)
    return (await session.scalars(latest)).one_or_none()


async def rule_set_history(session: Session, laboratory_id: str, limit: int = 50) -> list[RuleSetState]:
    statement = select(RuleSetState).where(RuleSetState.laboratory_id == laboratory_id)
    return list(await session.scalars(statement.order_by(RuleSetState.id.desc()).limit(at_most(limit))))


def switch_on(
    session: Session,
    actor: Actor,
    laboratory_id: str,
    rule_set: str,
    *,
    digest: str,
    cases_passed: int,
    holds_from: datetime,
) -> RuleSetState:
    state = RuleSetState(
        laboratory_id=laboratory_id,
        rule_set=rule_set,
        digest=digest,
        cases_passed=cases_passed,
        holds_from=holds_from,
        switched_by=actor.account_id,
        switched_by_name=actor.name,
    )
    session.add(state)
    return state


async def policy_of(session: Session, laboratory_id: str) -> LabPolicy | None:
    return await session.get(LabPolicy, laboratory_id)


async def set_releases_alone(session: Session, actor: Actor, laboratory_id: str, *, is_on: bool) -> None:
    values = {"releases_alone": is_on, "set_by": actor.account_id, "set_at": func.clock_timestamp()}
    statement = insert(LabPolicy).values(laboratory_id=laboratory_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["laboratory_id"], set_=values))


async def senders_of(session: Session, laboratory_id: str) -> Sequence[SenderSetting]:
    statement = select(SenderSetting).where(SenderSetting.laboratory_id == laboratory_id).order_by(SenderSetting.id)
    return list(await session.scalars(statement.limit(at_most(1000))))


async def set_sender(session: Session, actor: Actor, laboratory_id: str, address: str, charset: str, note: str) -> None:
    statement = insert(SenderSetting).values(
        laboratory_id=laboratory_id,
        sender="",
        address=address,
        charset=charset,
        analyzer=note,
        set_by=actor.account_id,
    )
    changed = {name: statement.excluded[name] for name in ("charset", "analyzer", "set_by")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["laboratory_id", "sender", "address"],
            set_={**changed, "set_at": func.clock_timestamp()},
        )
    )


async def setting_at(session: Session, laboratory_id: str, address: str) -> SenderSetting | None:
    """Of whoever sends from the address: read before the message is."""
    statement = select(SenderSetting).where(
        SenderSetting.laboratory_id == laboratory_id, SenderSetting.address == address
    )
    return (await session.scalars(statement.order_by(SenderSetting.id).limit(1))).one_or_none()
