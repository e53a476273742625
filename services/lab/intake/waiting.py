"""A person settles what waits: an orphan finds its specimen, a code its item, a word its specimen type.

Each in its own transaction; the messages concerned are then applied again.
"""

from collections.abc import Sequence

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.items import Kind, SpecimenType
from services.lab.catalogue.units import read_unit
from services.lab.intake.apply import apply_message
from services.lab.intake.place import refusal_of
from services.lab.models import Orphan
from services.lab.queries import messages, specimens, waiting
from shared.auth import Actor
from shared.db import Database, Session, database_now
from shared.errors import Conflict, FieldProblem, Invalid, NotFound
from shared.reading.queries import cases

_AT_ONCE = 100  # messages applied while the technologist waits; the worker does the others


async def attach(session: Session, actor: Actor, laboratory_id: str, orphan_id: str, number: str) -> Orphan:
    """To a specimen the actor may see and that can take results. Attached again to the same, it is attached.

    Raises NotFound, Conflict (``orphan_settled``; the reason why the specimen's case cannot take them).
    """
    orphan = await waiting.lock_orphan(session, laboratory_id, orphan_id)
    if orphan is None:
        raise NotFound
    specimen = await specimens.see(session, actor, number)
    if orphan.state != "open":
        if orphan.state == "attached" and orphan.specimen_id == specimen.specimen_id:
            return orphan
        raise Conflict("该结果已处理", code="orphan_settled", extra={"state": orphan.state})
    if orphan.reason == "control_unknown":
        raise Conflict("质控结果不能归入患者标本", code="orphan_is_control")
    case = await cases.lock(session, actor, specimen.case_id)
    refusal = refusal_of(specimen, case)
    if refusal:
        raise Conflict("该标本的病例不能再接收结果", code=refusal, extra={"state": case.state, "case_id": case.case_id})
    await _settle(session, actor, orphan, "attached")
    orphan.specimen_id = specimen.specimen_id
    await messages.go_on(session, [orphan.message_id])
    return orphan


async def dismiss(session: Session, actor: Actor, laboratory_id: str, orphan_id: str, comment: str) -> Orphan:
    """Nobody's result (a trial run): it stays in its message, and on record who said so and why."""
    orphan = await waiting.lock_orphan(session, laboratory_id, orphan_id)
    if orphan is None:
        raise NotFound
    if orphan.state == "attached":
        raise Conflict("该结果已归入标本", code="orphan_settled", extra={"state": orphan.state})
    if orphan.state == "open":
        await _settle(session, actor, orphan, "dismissed")
        orphan.comment = comment
    return orphan


async def _settle(session: Session, actor: Actor, orphan: Orphan, state: str) -> None:
    orphan.state, orphan.settled_by, orphan.settled_at = state, actor.account_id, await database_now(session)


async def map_code(
    session: Session,
    actor: Actor,
    laboratory_id: str,
    *,
    analyzer: str,
    code: str,
    system: str,
    item: str | None,
    unit: str,
    sent_unit: str,
) -> list[str]:
    """Returns the messages that go on. ``item`` None: lines of this code are no results.

    Raises Invalid for an item that is not in the catalogue, or a unit that is none or is of another kind.
    """
    known = load_catalogue().item(item) if item is not None else None
    if item is not None and known is None:
        raise Invalid(errors=[FieldProblem("/item", "item_unknown", "目录中没有这个项目")])
    if unit and (known is None or known.kind is not Kind.quantity or read_unit(unit) is None):
        raise Invalid(errors=[FieldProblem("/unit", "unit_unknown", "不是可识别的单位")])
    values = {
        "laboratory_id": laboratory_id,
        "analyzer": analyzer,
        "code": code,
        "system": system,
        "item": item,
        "unit": unit,
        "sent_unit": sent_unit,
        "mapped_by": actor.account_id,
    }
    await waiting.map_code(session, values)
    found = await waiting.settle_code(session, laboratory_id, analyzer, code, system)
    await messages.go_on(session, found)
    return found


async def map_word(session: Session, actor: Actor, laboratory_id: str, word: str, type_: SpecimenType) -> list[str]:
    await waiting.map_word(session, laboratory_id, word, str(type_), actor.account_id)
    found = await waiting.settle_word(session, laboratory_id, word)
    await messages.go_on(session, found)
    return found


async def apply_again(db: Database, message_ids: Sequence[str]) -> int:
    """How many of them went on at once."""
    return sum([await apply_message(db, message_id) for message_id in message_ids[:_AT_ONCE]])
