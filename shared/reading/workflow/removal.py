"""Contents that an administrator deletes leave the cases that show them, unless somebody's report rests on them."""

from collections.abc import Sequence

from shared.auth import SYSTEM
from shared.db import Session
from shared.errors import CaseChanged, Conflict
from shared.reading.lifecycle import Action, State
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.queries import removal as queries
from shared.reading.workflow.apply import apply

DELETED = "内容已由管理员删除"
_BEING_READ = frozenset({State.claimed, State.in_review, State.amending, State.amend_review})
_WAITING = frozenset({State.received, State.queued})


async def remove_contents(
    session: Session,
    kind: str,
    record_ids: Sequence[str],
    *,
    reason: str,
    deletion_id: str,
    gone_study_uids: frozenset[str] = frozenset(),
) -> list[str]:
    """The ids of the cases that held them. A waiting case that is left with nothing is rejected, so that its clinic
    learns of it and may send the exam anew under its number.

    Raises Conflict ``content_reported`` where a report, be it voided by now, was written of them, or a critical result
    was told: its evidence stays;
    ``content_being_read`` while somebody reads or amends; CaseChanged where they moved to another case meanwhile.
    """
    case_ids = await queries.cases_holding(session, kind, record_ids)
    held = [await cases.lock(session, SYSTEM, case_id) for case_id in case_ids]
    if await queries.cases_holding(session, kind, record_ids) != case_ids:
        raise CaseChanged
    await _require_free(session, held)
    for case in held:
        await _remove(session, case, kind, record_ids, reason, deletion_id, gone_study_uids)
    return case_ids


async def _require_free(session: Session, held: Sequence[Case]) -> None:
    reported = [case for case in held if await queries.is_reported(session, case.case_id)]
    if reported:
        raise Conflict("已有据此书写的报告或危急值，其依据不可删除", code="content_reported", extra=_named(reported))
    read = [case for case in held if case.state in _BEING_READ]
    if read:
        raise Conflict("病例正在阅片，请先收回", code="content_being_read", extra=_named(read))


async def _remove(
    session: Session,
    case: Case,
    kind: str,
    record_ids: Sequence[str],
    reason: str,
    deletion_id: str,
    gone_study_uids: frozenset[str],
) -> None:
    removed = await queries.remove(session, case.case_id, kind, record_ids)
    left = case.content_count - removed
    detail = {"removed": removed, "deletion_id": deletion_id}
    if case.state not in _WAITING:
        case.content_count = left
        if case.state != State.rejected:  # a repeat finds a rejected case by its studies
            case.study_uids = _without(case.study_uids, gone_study_uids)
    elif left:
        async with apply(session, SYSTEM, case.case_id, Action.remove_content, detail=detail) as step:
            step.case.content_count = left
            step.case.study_uids = _without(step.case.study_uids, gone_study_uids)
    else:
        async with apply(session, SYSTEM, case.case_id, Action.reject, detail=detail) as step:
            step.case.content_count = 0
            step.case.reason, step.case.comment = DELETED, reason


def _without(study_uids: Sequence[str], gone: frozenset[str]) -> list[str]:
    return [uid for uid in study_uids if uid not in gone]


def _named(held: Sequence[Case]) -> dict[str, list[dict[str, str]]]:
    return {"cases": [{"case_id": case.case_id, "state": case.state} for case in held]}
