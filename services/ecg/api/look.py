"""Somebody looks at a case's recordings: rights, the note that he has seen them, the audit row."""

from collections.abc import Sequence

from fastapi import Request

from services.ecg.models import Recording
from services.ecg.queries import recordings
from services.ecg.rules.default_recording import default_recording
from shared import audit
from shared.auth import Actor, Role
from shared.db import Session
from shared.errors import NotFound
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.web import client_address


async def look(
    session: Session, request: Request, actor: Actor, case_id: str, *, at_all: bool = False
) -> tuple[Case, list[Recording]]:
    """Raises NotFound for a case that is not the actor's. One audit row for an actor, a case and five minutes.

    ``at_all``: he is shown the list. An old ECG on an open page is no look at those that came since.
    """
    case = await cases.see(session, actor, case_id)
    if at_all and actor.has(Role.reader, Role.reviewer):
        await cases.mark_seen(session, case_id, actor.account_id, case.content_version)
    if not await audit.seen_recently(session, actor, "recordings.read", "case", case_id):
        await audit.record(session, actor, "recordings.read", "case", case_id, address=client_address(request))
    return case, await recordings.of_case(session, case_id)


def chosen(rows: Sequence[Recording], recording_id: str | None) -> Recording:
    """The one asked for, else the one a report would be on. Raises NotFound."""
    if recording_id is None:
        found = default_recording(
            rows, made_at=lambda row: row.recorded_at, is_usable=lambda row: row.quality["verdict"] != "unusable"
        )
    else:
        found = next((row for row in rows if row.recording_id == recording_id), None)
    if found is None:
        raise NotFound("这个病例没有这份心电图", code="no_recording")
    return found
