"""Which case an upload is already: by its number, else by its bytes, else by its study (CONTRACT.md "Clinic")."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared.auth import Actor
from shared.db import Session
from shared.errors import AccessionTaken, Conflict, FieldProblem, Invalid
from shared.events.case import Patient
from shared.reading.lifecycle import Action, State, lifecycle_of
from shared.reading.models import Case
from shared.reading.queries import intake as queries
from shared.reading.schemas.order import Order
from shared.reading.workflow.arrival import Arrival, Content
from shared.reading.workflow.card import card_of
from shared.signing.canonical import canonical_bytes, digest

_KEY_MAX = 255


@dataclass(frozen=True, slots=True)
class Match:
    """``case`` is the exam as it is known; ``missing`` what it does not hold; ``is_same``: nothing is to be done."""

    case: Case
    missing: tuple[Content, ...]
    is_same: bool


async def match_exam(session: Session, actor: Actor, arrival: Arrival) -> Match | None:
    """The case this exam is already. Raises AccessionTaken or Conflict where it may not take what has come."""
    known = await _known(session, actor, arrival)
    if not known:
        return None
    ordered = order_digest(arrival.order) if arrival.order else None
    matches = [await _compare(session, case, arrival) for case in known]
    for match in matches:
        # A rejected exam sent again because its order was wrong is a repeat although its bytes are the same.
        told_otherwise = match.case.state == State.rejected and match.case.order_sha256 != ordered
        if match.is_same and not told_otherwise and not _is_for_repeat(arrival, match.case, matches[0].case):
            _require_same_patient(match.case, arrival)
            return match
    newest = matches[0]
    if newest.case.state == State.rejected:
        return Match(newest.case, newest.missing, is_same=False)
    _require_same_patient(newest.case, arrival)
    takes_content = lifecycle_of(arrival.center).allows(newest.case.state, Action.add_content)
    if newest.case.state != State.ordered and not takes_content:
        raise taken(newest.case)
    return newest


def _is_for_repeat(arrival: Arrival, case: Case, newest: Case) -> bool:
    """An image of a rejected exam whose repeat a machine is sending image by image: in one request with the others it
    would be in the repeat, and so it is when it comes alone."""
    return (
        arrival.order is None
        and not arrival.is_complete
        and case.state == State.rejected
        and newest.state != State.rejected
    )


async def _known(session: Session, actor: Actor, arrival: Arrival) -> Sequence[Case]:
    number = accession_number_of(arrival)
    if number is not None:
        return await queries.by_accession(session, actor, arrival.center, number)
    patient_id = card_of(arrival).patient.id
    digests = [content.sha256 for content in arrival.contents]
    found = await queries.by_bytes(session, actor, arrival.center, patient_id, digests) if digests else []
    if not found and arrival.study_uids:
        found = await queries.by_studies(session, actor, arrival.center, patient_id, arrival.study_uids)
    return found


async def _compare(session: Session, case: Case, arrival: Arrival) -> Match:
    held = await queries.held_digests(session, case.case_id, [content.sha256 for content in arrival.contents])
    missing = tuple(content for content in distinct(arrival.contents) if content.sha256 not in held)
    return Match(case, missing, is_same=not missing and case.state != State.ordered)


def accession_number_of(arrival: Arrival) -> str | None:
    return (arrival.order.accession_number if arrival.order else None) or arrival.accession_number or None


def distinct(contents: Sequence[Content]) -> list[Content]:
    """The same bytes twice in one upload are one content."""
    return list({content.sha256: content for content in reversed(contents)}.values())[::-1]


def require_patient(arrival: Arrival) -> None:
    if arrival.order is not None:
        require_somebody(card_of(arrival).patient)


def require_somebody(patient: Patient) -> None:
    if not (patient.id or patient.name or patient.national_id or patient.unknown):
        detail = "申请与文件中都没有患者标识；身份不明请注明 unknown"
        raise Invalid(detail, code="patient_missing", errors=[FieldProblem("/patient", "patient_missing", detail)])


def _require_same_patient(case: Case, arrival: Arrival) -> None:
    """Never a silent merge of two people. A file alone contradicting the order is a warning that the reader sees."""
    given = card_of(arrival).patient.id
    if case.patient_id is None or given is None or case.patient_id == given:
        return
    already_warned = any(warning["code"] == "patient_mismatch" for warning in case.warnings)
    if arrival.order is None and (case.state == State.ordered or already_warned):
        return
    raise Conflict(
        "该检查号已属于另一患者",
        code="patient_mismatch",
        extra={"case_id": case.case_id, "accession_number": case.accession_number},
    )


def taken(case: Case) -> AccessionTaken:
    return AccessionTaken(
        f"检查号 {case.accession_number} 的病例已不能再接收内容",
        extra={"case_id": case.case_id, "state": case.state, "accession_number": case.accession_number},
    )


async def kept_case(session: Session, actor: Actor, center: str, key: str | None, body_sha256: str) -> Case | None:
    """The case an earlier call with this key made. Raises Invalid where the key came with another body."""
    if key is None:
        return None
    if not 1 <= len(key) <= _KEY_MAX:
        raise Invalid("Idempotency-Key 长度须为 1 至 255", code="idempotency_key_invalid")
    kept = await queries.kept_key(session, actor.org_id, key)
    if kept is None:
        return None
    if kept.body_sha256 != body_sha256:
        raise Invalid("同一 Idempotency-Key 已用于另一内容", code="idempotency_key_reused")
    return await session.get(Case, kept.case_id)


def lock_names(actor: Actor, arrival: Arrival) -> list[str]:
    """Whatever could make two uploads one case: its number, else its patient; its studies; the key."""
    number = accession_number_of(arrival)
    if number is not None:
        locks = exam_locks(actor, arrival.center, number, arrival.study_uids)
    else:
        scope = f"{actor.org_id}/{arrival.center}"
        locks = [f"patient/{scope}/{card_of(arrival).patient.id}", *queries.study_locks(scope, arrival.study_uids)]
    return [*locks, *key_names(actor, arrival.idempotency_key)]


def exam_locks(actor: Actor, center: str, number: str, study_uids: Sequence[str]) -> list[str]:
    """Of an exam that goes by an accession number."""
    scope = f"{actor.org_id}/{center}"
    return [f"accession/{scope}/{number}", *queries.study_locks(scope, study_uids)]


def key_names(actor: Actor, key: str | None) -> list[str]:
    return [f"key/{actor.org_id}/{key}"] if key else []


def order_digest(order: Order) -> str:
    return digest(canonical_bytes(order.model_dump(mode="json", exclude_none=True)))


def body_digest(arrival: Arrival) -> str:
    order = order_digest(arrival.order) if arrival.order else ""
    contents = "\n".join(sorted({content.sha256 for content in arrival.contents}))
    return hashlib.sha256(f"{arrival.center}\n{order}\n{contents}".encode()).hexdigest()
