"""Judged recordings become durable: their bytes as one pack, then rows, case and event in one transaction.

A crash between the two leaves a pack that no row names (the sweep of orphans drops it), never a case without its bytes.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO

from services.ecg.models import CONTENT_KIND
from services.ecg.queries import recordings
from services.ecg.rules.judged import Judged
from shared import audit
from shared.auth import SYSTEM, Actor
from shared.blobs import BlobRef
from shared.db import Session
from shared.errors import GongzhenError
from shared.ids import new_id
from shared.reading.models import Case
from shared.reading.workflow.arrival import Accepted, Arrival, Content, Outcome
from shared.reading.workflow.criticals import Finding, find
from shared.reading.workflow.intake import accept, find_same
from shared.resources import Resources
from shared.telemetry import fields
from shared.web.upload import ReceivedFile, Spool

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """``arrival`` is without contents: they are the recordings. ``files`` by their numbers."""

    actor: Actor
    address: str
    judged: Sequence[Judged]
    files: Mapping[int, ReceivedFile]
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class _Stored:
    judged: Judged
    originals: list[tuple[str, BlobRef]]
    trace: BlobRef


async def accept_recordings(resources: Resources, upload: Upload, spool: Spool) -> tuple[Case, Outcome]:
    """Durable when it returns. For an upload that is wholly known nothing is written.

    Raises what the workflow raises (AccessionTaken, Conflict, Invalid); then nothing is kept.
    """
    contents = {_digest(upload, each): each for each in upload.judged}
    arrival = replace(upload.arrival, contents=[Content(sha256, new_id("rec"), CONTENT_KIND) for sha256 in contents])
    async with resources.db.transaction() as session:
        same = await find_same(session, upload.actor, arrival)
    if same is not None:
        return same, Outcome.same
    stored = await _store(resources, upload, contents, spool)
    try:
        async with resources.db.transaction() as session:
            accepted = await _write(session, upload, arrival, stored)
    except GongzhenError as error:
        # A 5xx may mean that the commit's answer was lost: then the rows may be there, and the sweep decides.
        if error.status < 500:
            await _drop(resources, stored)
        raise
    if not accepted.new_contents:
        await _drop(resources, stored)  # the same upload came twice at once, and the other was first
    logger.info(
        "upload accepted",
        extra=fields(
            case_id=accepted.case.case_id,
            action=str(accepted.outcome),
            count=len(upload.judged),
            size_bytes=sum(file.length for file in upload.files.values()),
        ),
    )
    return accepted.case, accepted.outcome


async def _store(
    resources: Resources, upload: Upload, contents: Mapping[str, Judged], spool: Spool
) -> dict[str, _Stored]:
    """Originals as they came and traces, one pack."""
    parts: list[BinaryIO] = []
    for judged in contents.values():
        parts += [spool.view(upload.files[number].offset, upload.files[number].length) for number in judged.numbers]
        parts.append(BytesIO(judged.trace))
    places = iter(await resources.blobs.put_pack(parts))
    return {
        sha256: _Stored(judged, [(upload.files[number].name, next(places)) for number in judged.numbers], next(places))
        for sha256, judged in contents.items()
    }


async def _write(session: Session, upload: Upload, arrival: Arrival, stored: Mapping[str, _Stored]) -> Accepted:
    accepted = await accept(session, upload.actor, arrival)
    case = accepted.case
    if accepted.outcome is Outcome.same:
        return accepted
    for content in accepted.new_contents:
        each = stored[content.sha256]
        recordings.add(session, case, content, each.judged, each.originals, each.trace)
    await session.flush()
    await _alert(session, case, [stored[content.sha256].judged for content in accepted.new_contents])
    await audit.record(
        session, upload.actor, "case.upload", "case", case.case_id, address=upload.address,
        detail={"outcome": str(accepted.outcome), "recordings": len(accepted.new_contents)},
    )  # fmt: skip
    return accepted


async def _alert(session: Session, case: Case, judged: Sequence[Judged]) -> None:
    """What may kill in minutes hurries the case and calls its reading site, before anybody has read it. An infarct may
    show in the second ECG what was rightly no alarm in the first."""
    for each in judged:
        for critical in each.suspected:
            finding = Finding(
                code=critical.code,
                text=critical.text,
                rule=critical.rule,
                rule_set=critical.rule_set,
                numbers=critical.numbers,
            )
            await find(session, SYSTEM, case.case_id, finding, is_of_new_content=True)


def _digest(upload: Upload, judged: Judged) -> str:
    """Of the original bytes; of a recording in several files, of their digests, whatever the files' order."""
    digests = [upload.files[number].sha256 for number in judged.numbers]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


async def _drop(resources: Resources, stored: Mapping[str, _Stored]) -> None:
    for key in {each.trace.key for each in stored.values()}:
        await resources.blobs.delete(key)
