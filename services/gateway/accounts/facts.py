"""Every change of the region's facts: the owner's row, the event and our own copy, in the caller's transaction."""

from datetime import datetime, timedelta

from services.gateway.queries import accounts as queries
from services.gateway.queries import sessions
from shared import directory, outbox
from shared.clock import utc_now
from shared.db import Session, database_now
from shared.errors import NotFound
from shared.events.directory import Account, DirectoryEvent, DirectoryRecord
from shared.events.envelope import Envelope
from shared.ids import new_id


async def publish(session: Session, record: DirectoryRecord) -> None:
    await _publish(session, record, deleted=False)


async def withdraw(session: Session, record: DirectoryRecord) -> None:
    await _publish(session, record, deleted=True)


async def publish_changed(session: Session, record: DirectoryRecord) -> bool:
    """Publish unless the very same record holds already: a start that changes nothing says nothing."""
    held = await queries.fact(session, type(record), record.record_id, for_update=True)
    if held == record:
        return False
    await publish(session, record)
    return True


async def revoke_tokens(session: Session, account_id: str) -> Account:
    """End every session of the account, and every access token issued until now. Raises NotFound."""
    found = await queries.fact(session, Account, account_id, for_update=True)
    if found is None:
        raise NotFound
    await sessions.revoke_sessions_of(session, account_id)
    changed = found.model_copy(update={"revoked_before": await next_second(session)})
    await publish(session, changed)
    return changed


async def next_second(session: Session) -> datetime:
    """The whole second to come. Tokens carry whole seconds: with the present one, a token issued a moment ago would
    outlive its revocation. New tokens wait for it by carrying it as their time of issue."""
    return (await database_now(session)).replace(microsecond=0) + timedelta(seconds=1)


async def republish_directory(session: Session) -> int:
    """Say everything again, tombstones included, for copies that lost some of it; returns how many records."""
    rows = await queries.all_revisions(session)
    for row in rows:
        event = DirectoryEvent(
            record_kind=row.kind,
            record_id=row.record_id,
            revision=row.revision,
            deleted=row.deleted,
            record=row.record,
        )
        await _send(session, event)
    return len(rows)


async def _publish(session: Session, record: DirectoryRecord, *, deleted: bool) -> None:
    content = record.model_dump(mode="json", exclude_none=True)
    revision = await queries.save_fact(session, record.kind, record.record_id, content, deleted=deleted)
    event = directory.event_of(record, revision, deleted=deleted)
    await _send(session, event)
    await directory.apply(session, event)


async def _send(session: Session, event: DirectoryEvent) -> None:
    """Subject ``directory.<kind>.<id>``: the stream keeps the last of each."""
    envelope = Envelope(
        id=new_id("evt"),
        source="/gateway",
        type=f"directory.{event.record_kind}",
        subject=event.record_id,
        time=utc_now(),
        data=event.model_dump(mode="json", exclude_none=True),
    )
    await outbox.add(session, envelope, suffix=event.record_id)
