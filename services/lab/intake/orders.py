"""An order becomes cases, each with its tube. Called inside the call's own transaction."""

from dataclasses import dataclass

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.order import LabOrder, SentSpecimen
from services.lab.intake.plan import PlannedCase, plan
from services.lab.models import LabOrder as OrderRow
from services.lab.models import Specimen
from services.lab.queries import orders, specimens
from shared.auth import Actor
from shared.db import Session
from shared.errors import Conflict
from shared.reading.models import Case
from shared.reading.queries.intake import by_accession, take_locks
from shared.reading.workflow.arrival import Outcome
from shared.reading.workflow.intake import place_order


@dataclass(frozen=True, slots=True)
class PlacedCase:
    case: Case
    specimens: list[Specimen]
    items: list[str]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Placed:
    """``outcome`` of the whole: same only where every case was there."""

    order_id: str | None
    accession_number: str
    cases: list[PlacedCase]

    @property
    def outcome(self) -> Outcome:
        told = [each.outcome for each in self.cases]
        return Outcome.same if all(each is Outcome.same for each in told) else told[0]


async def place(session: Session, actor: Actor, order: LabOrder, idempotency_key: str | None) -> Placed:
    """The same order again gives the same cases and tubes; after a refusal, those that were refused begin anew.

    Raises Invalid (a code that is not in the catalogue), AccessionTaken, Conflict (a tube's number is taken).
    """
    planned = plan(order, load_catalogue())
    base = order.accession_number
    if base is not None:
        await take_locks(session, [f"accession/{actor.org_id}/lab/{base}"])
    row: OrderRow | None = await orders.of_clinic(session, actor.org_id, base) if base else None
    placed: list[PlacedCase] = []
    for place_in_order, each in enumerate(planned, start=1):
        number = base if base is None or len(planned) == 1 else f"{base}-{place_in_order}"
        own = await _own_order(session, actor, order, each, number)
        key = f"{idempotency_key}/{place_in_order}" if idempotency_key and place_in_order > 1 else idempotency_key
        accepted = await place_order(session, actor, "lab", own, key)
        case = accepted.case
        if accepted.outcome is Outcome.same:
            tubes = await specimens.of_cases(session, [case.case_id])
            items = [item.item for item in await orders.live_items(session, [case.case_id])]
            placed.append(PlacedCase(case, tubes, items, accepted.outcome))
            row = row or await orders.of_case(session, case.case_id)
            continue
        if each.items and row is None:
            row = orders.add_order(session, actor, case, base or case.accession_number)
            await session.flush()
        order_id = row.order_id if row and each.items else None
        tube = await _tube(session, case, each, order_id)
        if each.items and order_id:
            orders.add_items(session, actor, case.case_id, order_id, each.items, add_on=False)
        placed.append(PlacedCase(case, [tube], [item for item, _ in each.items], accepted.outcome))
    await session.flush()
    return Placed(row.order_id if row else None, base or placed[0].case.accession_number, placed)


async def _own_order(
    session: Session, actor: Actor, order: LabOrder, planned: PlannedCase, number: str | None
) -> LabOrder:
    """The order of one case. A refused case is repeated by the very order that it came with: naming the one that is
    repeated makes it another."""
    exam = order.exam
    if planned.group:
        exam = exam.model_copy(update={"code": exam.code or planned.group, "name": planned.name, "modality": "LAB"})
    repeats = order.repeats
    if number is not None and repeats is None:
        known = await by_accession(session, actor, "lab", number)
        if known:
            repeats = known[0].case_id if known[0].state == "rejected" else known[0].repeats
    return order.model_copy(
        update={
            "accession_number": number,
            "exam": exam,
            "panels": [],
            "items": [item for item, _ in planned.items],
            "specimens": [planned.sent] if planned.sent else [],
            "repeats": repeats,
        }
    )


async def _tube(session: Session, case: Case, planned: PlannedCase, order_id: str | None) -> Specimen:
    sent: SentSpecimen | None = planned.sent
    number = (sent.number if sent else None) or await orders.next_specimen_number(session)
    if await specimens.is_taken(session, case.reading_site_id or "", number):
        raise Conflict(f"标本号 {number} 已被使用", code="specimen_number_taken", extra={"number": number})
    specimen = specimens.add(
        session,
        case,
        number=number,
        order_id=order_id,
        type_=planned.specimen_type,
        tube=planned.tube or None,
        group=planned.group,
    )
    specimen.collected_at = sent.collected_at if sent else None
    return specimen
