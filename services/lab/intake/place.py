"""Whose lines these are: the specimen a group belongs to, or why it has none. Never by a patient's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.lab.models import ReceivedMessage, Specimen
from services.lab.parse.message import SpecimenGroup
from services.lab.queries import orders, specimens
from shared.db import Session
from shared.reading.models import Case

_REASONS = {"canceled": "order_canceled", "rejected": "specimen_refused", "released": "report_released",
            "voided": "report_released"}  # fmt: skip
_GONE = frozenset({"refused", "discarded"})


@dataclass(frozen=True, slots=True)
class Place:
    """``reason``: why the specimen cannot take them, empty where it can."""

    specimen: Specimen | None
    reason: str = ""


async def find_place(session: Session, message: ReceivedMessage, group: SpecimenGroup, items: Sequence[str]) -> Place:
    """By the barcode; else by the accession number among the laboratory's cases, if it leaves one specimen.

    Two clinics may give one number: then none is taken for the other. A barcode and the accession number of another
    case contradict each other: neither is believed.
    """
    found = await _candidates(session, message, group)
    if not found:
        return Place(None, "specimen_unknown")
    if len({each.clinic_id for each in found}) > 1 or await _is_contradicted(session, message, group, found):
        return Place(None, "ambiguous")
    if len(found) > 1:
        found = await _fitting(session, found, items)
    if len(found) != 1:
        return Place(None, "ambiguous")
    return Place(found[0])


def refusal_of(specimen: Specimen, case: Case) -> str:
    """Why results cannot go to the specimen's case as it stands; ``case`` is locked."""
    if case.state in _REASONS:
        return _REASONS[case.state]
    return "specimen_refused" if specimen.state in _GONE and specimen.refusal else ""


async def _candidates(session: Session, message: ReceivedMessage, group: SpecimenGroup) -> list[Specimen]:
    if message.case_id is not None:
        own = await specimens.of_cases(session, [message.case_id])
        named = [each for each in own if each.number == group.specimen_number]
        return named or own
    if group.specimen_number:
        specimen = await specimens.known(session, message.laboratory_id, group.specimen_number)
        if specimen is not None:
            return [specimen]
    for number in dict.fromkeys((group.specimen_number, group.accession_number)):
        found = await specimens.by_accession(session, message.laboratory_id, number) if number else []
        if found:
            return found
    return []


async def _is_contradicted(
    session: Session, message: ReceivedMessage, group: SpecimenGroup, found: Sequence[Specimen]
) -> bool:
    """The accession number is that of other cases. Of nobody's, it is the analyzer's own running number."""
    if message.case_id is not None or not group.accession_number:
        return False
    others = await specimens.by_accession(session, message.laboratory_id, group.accession_number)
    return bool(others) and {each.case_id for each in others}.isdisjoint(each.case_id for each in found)


async def _fitting(session: Session, found: list[Specimen], items: Sequence[str]) -> list[Specimen]:
    """Those of whose case an item of the group was ordered; among those, tubes that are still good."""
    ordered: dict[str, set[str]] = {}
    for each in await orders.live_items(session, sorted({each.case_id for each in found})):
        ordered.setdefault(each.case_id, set()).add(each.item)
    wanted = set(items)
    fitting = [each for each in found if wanted & ordered.get(each.case_id, set())]
    good = [each for each in fitting if each.state not in _GONE]
    return good or fitting
