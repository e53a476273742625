"""Exams that come without an order, as machines send them: which case each belongs to.

By the accession number in the files where it names an order that waits or a case of the same study; else by the study.
A number that already stands for another exam is passed over: machines without a worklist write the same one into every
exam. What only looks alike (patient, day, modality) a person confirms: matching.py.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.auth import Actor
from shared.db import Session
from shared.events.case import CaseWarning
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.queries import intake as queries
from shared.reading.workflow.arrival import Arrival
from shared.reading.workflow.card import card_of
from shared.reading.workflow.identity import lock_names

_TAKEN_BACK = frozenset({State.canceled, State.rejected})
_REPEATED = CaseWarning(
    code="accession_number_repeated", detail="影像文件中的检查号已用于另一检查，本病例使用新的检查号"
)
_SHARED_STUDY = CaseWarning(
    code="study_of_two_patients", detail="同一检查的影像中有不同的患者编号，已分为两个病例，请核对"
)


async def lock_exams(session: Session, actor: Actor, arrivals: Sequence[Arrival]) -> None:
    """All locks of all exams of one transaction at once, in one order: two requests with the same studies in opposite
    order would wait for each other."""
    await queries.take_locks(session, [name for arrival in arrivals for name in lock_names(actor, arrival)])


async def with_number(session: Session, actor: Actor, arrival: Arrival) -> Arrival:
    """The arrival under the accession number it goes by. One with an order is left as it is."""
    if arrival.order is not None:
        return arrival
    number = arrival.accession_number
    named = await queries.by_accession(session, actor, arrival.center, number) if number else []
    if any(case.state == State.ordered or _is_of(case, arrival) for case in named):
        return arrival
    showing = await queries.showing_studies(session, actor, arrival.center, arrival.study_uids)
    same = [case for case in showing if _is_of(case, arrival)]
    if same:
        best = min(same, key=lambda case: case.state in _TAKEN_BACK)  # the newest of those that stand
        return replace(arrival, accession_number=best.accession_number)
    warnings = [*arrival.warnings, *([_SHARED_STUDY] if showing else ()), *([_REPEATED] if named else ())]
    return replace(arrival, accession_number=None if named else number, warnings=warnings)


def _is_of(case: Case, arrival: Arrival) -> bool:
    """The same study and, as far as ids tell, the same patient; a case whose reader was told of the contradiction takes
    more of the same."""
    if set(case.study_uids).isdisjoint(arrival.study_uids):
        return False
    given = card_of(arrival).patient.id
    if case.patient_id is None or given is None or case.patient_id == given:
        return True
    return any(warning["code"] == "patient_mismatch" for warning in case.warnings)
