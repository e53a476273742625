"""What a laboratory does about its controls: lots, targets, values typed in, what was done about a rejected run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.items import Item, Kind
from services.lab.intake.controls import is_open, take_controls
from services.lab.intake.lines import Dictionary
from services.lab.intake.rejudge import rejudge
from services.lab.models import QcAction, QcLot, QcRun, QcTarget, ReceivedMessage
from services.lab.parse.message import ControlFacts, Message, ResultLine, SpecimenGroup
from services.lab.queries import messages, quality_control
from services.lab.rules.levey_jennings import Cumulative, cumulative
from shared.auth import Actor
from shared.db import Session, database_now
from shared.errors import Conflict, FieldProblem, IllegalTransition, Invalid, NotFound
from shared.ids import new_id
from shared.reading.queries.intake import take_locks

FEWEST = 20
"""Values from which a laboratory's own mean and SD are established (WS/T 641-2018)."""
_ESTABLISHED_OF = 1000


class Done(StrEnum):
    repeated = "repeated"
    new_vial = "new_vial"
    new_lot = "new_lot"
    calibrated = "calibrated"
    new_reagent = "new_reagent"
    maintained = "maintained"
    other = "other"


RESTARTS = frozenset({Done.calibrated, Done.new_reagent, Done.maintained})
"""What makes another process of the analyzer: runs before it say nothing of it."""


@dataclass(frozen=True, slots=True)
class NewTarget:
    level: str
    analyzer: str
    item: str
    mean: Decimal
    sd: Decimal


@dataclass(frozen=True, slots=True)
class TypedRun:
    """``entry_id`` is the client's own: the same entry sent twice is stored once. ``values`` by level."""

    entry_id: str
    lot_id: str
    analyzer: str
    item: str
    measured_at: datetime | None
    values: tuple[tuple[str, str], ...]
    raw: bytes


async def create_lot(
    session: Session, actor: Actor, laboratory_id: str, lot: str, material: str, expires_on: date | None
) -> QcLot:
    """Raises Conflict for one that is there."""
    await take_locks(session, [f"qc/{laboratory_id}"])
    if await quality_control.lot_named(session, laboratory_id, lot) is not None:
        raise Conflict("该批号的质控品已登记", code="qc_lot_exists")
    row = QcLot(
        lot_id=new_id("qcl"),
        laboratory_id=laboratory_id,
        lot=lot,
        material=material,
        expires_on=expires_on,
        created_by=actor.account_id,
    )
    session.add(row)
    await session.flush()
    return row


async def close_lot(session: Session, actor: Actor, laboratory_id: str, lot_id: str) -> QcLot:
    """A lot that is closed stays as it is. Raises NotFound."""
    lot = await quality_control.lot_of(session, laboratory_id, lot_id)
    if lot.closed_at is None:
        lot.closed_at, lot.closed_by = await database_now(session), actor.account_id
        await session.flush()
    return lot


async def set_target(session: Session, actor: Actor, lot: QcLot, target: NewTarget) -> QcTarget:
    """From now on; points keep the z of their time. Raises Invalid for an unknown level or item, Conflict for a closed
    lot."""
    await _require_open(session, lot)
    item = _measured_item(target.item)
    if target.level not in {each.level for each in await quality_control.levels_of(session, lot.lot_id)}:
        raise Invalid("该批号没有这个水平", errors=[FieldProblem("/level", "unknown_level", "该批号没有这个水平")])
    row = QcTarget(
        lot_id=lot.lot_id,
        level=target.level,
        analyzer=target.analyzer,
        item=item.code,
        mean=target.mean,
        sd=target.sd,
        unit=item.unit,
        set_by=actor.account_id,
    )
    session.add(row)
    await session.flush()
    await look_again(session, lot.laboratory_id)
    return row


async def establish(
    session: Session, actor: Actor, lot: QcLot, level: str, analyzer: str, item: str
) -> tuple[QcTarget, Cumulative]:
    """The mean and SD of the laboratory's own values in control. Raises Invalid for fewer than ``FEWEST``."""
    points = await quality_control.charted(session, lot.lot_id, analyzer, item, _ESTABLISHED_OF)
    values = [point.value for point, run in points if point.level == level and run.state in ("accepted", "warned")]
    found = cumulative(values)
    if found is None or found.n < FEWEST or not found.sd:
        number = found.n if found else 0
        text = f"在控数据 {number} 个，不足 {FEWEST} 个" if number < FEWEST else "数据没有离散，不能确定标准差"
        raise Invalid(text, code="qc_too_few_points", extra={"points": number, "needed": FEWEST})
    digits = Decimal(1).scaleb(-(_measured_item(item).decimals + 2))
    mean, sd = found.mean.quantize(digits), max(found.sd.quantize(digits), digits)
    return await set_target(session, actor, lot, NewTarget(level, analyzer, item, mean, sd)), found


async def look_again(session: Session, laboratory_id: str) -> None:
    """Controls that waited for a lot, a level or a target are applied anew, by the worker."""
    waiting = await quality_control.forget_unknown_controls(session, laboratory_id)
    if waiting:
        await messages.go_on(session, waiting)


async def enter_run(session: Session, actor: Actor, laboratory_id: str, typed: TypedRun) -> Sequence[QcRun]:
    """The runs that the values became part of; those of the first time for an entry that comes again. Raises NotFound
    for the lot, Invalid for a level without target or a value that is no number, Conflict for the same entry with other
    values."""
    lot = await quality_control.lot_of(session, laboratory_id, typed.lot_id)
    item = _measured_item(typed.item)
    row, is_new = await _keep(session, actor, laboratory_id, typed)
    if is_new:
        await _require_open(session, lot)
        await _require_targets(session, lot, typed)
        dictionary = Dictionary(load_catalogue(), {}, frozenset(), {})
        await take_controls(session, row, _message(actor, lot, item, typed), dictionary)
        if len(await quality_control.places_of(session, row.message_id)) != len(typed.values):
            raise Invalid("质控值须为数字", errors=[FieldProblem("/points", "not_a_number", "质控值须为数字")])
    return await quality_control.runs_of_message(session, row.message_id)


async def resolve(
    session: Session, actor: Actor, laboratory_id: str, run_id: str, done: Done, comment: str
) -> list[QcRun]:
    """Ends the block with what was done, of this run and of those rejected before it on its analyzer and item; results
    that waited are judged again. Raises NotFound, IllegalTransition for a run that is not rejected."""
    run = await quality_control.lock_run(session, laboratory_id, run_id)
    if run is None:
        raise NotFound
    if run.state != "rejected":
        raise IllegalTransition("该质控运行没有失控待处理", extra={"state": run.state})
    dealt_with = await quality_control.lock_rejected_until(session, run)
    for each in dealt_with:
        each.state = "resolved"
        session.add(
            QcAction(
                run_id=each.run_id,
                action=str(done),
                comment=comment,
                restarts=done in RESTARTS,
                account_id=actor.account_id,
                account_name=actor.name,
            )
        )
    await session.flush()
    await rejudge(session, laboratory_id, run.analyzer, run.item)
    return dealt_with


async def _require_open(session: Session, lot: QcLot) -> None:
    if not is_open(lot, await database_now(session)):
        raise Conflict("该批号质控品已停用或过期", code="qc_lot_closed")


async def _require_targets(session: Session, lot: QcLot, typed: TypedRun) -> None:
    missing = [
        FieldProblem(f"/points/{place}/level", "no_target", f"水平 {level} 尚未设定靶值")
        for place, (level, _) in enumerate(typed.values)
        if await quality_control.target_of(session, lot.lot_id, level, typed.analyzer, typed.item) is None
    ]
    if missing:
        raise Invalid("请先设定靶值和标准差", code="qc_no_target", errors=missing)


def _measured_item(code: str) -> Item:
    item = load_catalogue().item(code)
    if item is None or item.kind is not Kind.quantity:
        raise Invalid("没有这个定量项目", errors=[FieldProblem("/item", "unknown_item", "没有这个定量项目")])
    return item


async def _keep(session: Session, actor: Actor, laboratory_id: str, typed: TypedRun) -> tuple[ReceivedMessage, bool]:
    """What was typed is kept as a message is, applied at once."""
    sha256 = hashlib.sha256(typed.raw).hexdigest()
    key = (laboratory_id, actor.account_id, f"qc/{typed.entry_id}")
    row = {
        "message_id": new_id("msg"),
        "laboratory_id": laboratory_id,
        "sender": actor.account_id,
        "identity": key[2],
        "control_id": typed.entry_id,
        "protocol": "json",
        "kind": "quality_control",
        "charset": "utf-8",
        "raw": typed.raw,
        "sha256": sha256,
        "size_bytes": len(typed.raw),
        "account_id": actor.account_id,
        "state": "applied",
    }
    new = await messages.store(session, [row])
    kept = (await messages.known(session, [key]))[key]
    if kept.sha256 != sha256:
        raise Conflict("同一录入号已有不同内容", code="entry_id_reused")
    return kept, bool(new)


def _message(actor: Actor, lot: QcLot, item: Item, typed: TypedRun) -> Message:
    groups = tuple(
        SpecimenGroup(
            specimen_number="",
            lines=(
                ResultLine(
                    code=item.code,
                    value=value,
                    unit=item.unit,
                    observed_at=typed.measured_at,
                    analyzer=typed.analyzer,
                    operator=actor.account_id,
                ),
            ),
            control=ControlFacts(lot=lot.lot, level=level),
        )
        for level, value in typed.values
    )
    return Message("json", "quality_control", typed.entry_id, actor.account_id, groups=groups, raw=typed.raw)
