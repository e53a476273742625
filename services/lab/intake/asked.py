"""An analyzer asks what it should do with a tube: the ordered items in its own codes."""

from collections.abc import Sequence

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.models import Specimen
from services.lab.parse.message import HostQuery, MessagePatient, QueryAnswer
from services.lab.queries import orders, results, specimens, waiting
from shared.auth import SYSTEM
from shared.db import Session
from shared.events.case import Card
from shared.reading.queries import cases

_AT_ONCE = 50
_MEASURED_STATES = ("ordered", "collected", "packed", "received", "in_analysis", "resulted")


async def tubes_asked_for(session: Session, laboratory_id: str, analyzer: str, query: HostQuery) -> list[QueryAnswer]:
    """Tubes that have something left to measure; items the analyzer's codes are known for bear those, others ours."""
    tubes: Sequence[Specimen]
    if query.specimen_numbers:
        named = [await specimens.known(session, laboratory_id, number) for number in query.specimen_numbers[:_AT_ONCE]]
        tubes = [tube for tube in named if tube is not None and tube.state in _MEASURED_STATES]
    else:
        tubes = await specimens.waiting_for(session, laboratory_id, _AT_ONCE)
    codes = await waiting.codes_of_analyzer(session, laboratory_id, analyzer)
    answers = [await _answer(session, tube, codes) for tube in tubes]
    return [answer for answer in answers if answer.items]


async def _answer(session: Session, tube: Specimen, codes: dict[str, str]) -> QueryAnswer:
    case = await cases.see(session, SYSTEM, tube.case_id)
    patient = Card.model_validate(case.card).patient
    catalogue = load_catalogue()
    done = {row.item for row in await results.current_of(session, tube.case_id) if row.status != "preliminary"}
    items = []
    if case.state in ("ordered", "received", "resulted", "held", "claimed", "verified"):
        for each in await orders.live_items(session, [tube.case_id]):
            item = catalogue.item(each.item)
            if each.item not in done:
                items.append((codes.get(each.item, each.item), item.name if item else each.item))
    return QueryAnswer(
        specimen_number=tube.number,
        patient=MessagePatient(
            id=patient.id or "",
            name=patient.name,
            sex=patient.sex if patient.sex in ("M", "F", "O") else "",
            birth_date=patient.birth_date,
        ),
        items=tuple(items),
        priority=case.priority,  # type: ignore[arg-type]
        specimen_type=tube.type,
    )
