"""Refused bytes are kept apart for thirty days, so that somebody can see why; never beside accepted ones."""

from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO, Protocol

from shared import audit
from shared.auth import Actor
from shared.blobs import BlobRef
from shared.ids import new_id
from shared.reading.models import QuarantinedFile
from shared.reading.queries import quarantine as queries
from shared.reading.workflow.refusals import Refusal
from shared.resources import Resources, center_settings
from shared.telemetry import correlation_id


class SentFile(Protocol):
    """The ``number``-th file of an upload: ``length`` bytes of its spool (``ReceivedFile`` of shared/web/upload)."""

    @property
    def number(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def sha256(self) -> str: ...


class SentBytes(Protocol):
    """The bytes of an upload (``Spool`` of shared/web/upload)."""

    def view(self, offset: int, length: int) -> BinaryIO: ...


async def keep_refused(
    resources: Resources,
    actor: Actor,
    files: Sequence[SentFile],
    refusals: Sequence[Refusal],
    spool: SentBytes,
    *,
    address: str = "",
) -> int:
    """Keep the files that were refused, whole (a ZIP with one bad member as the ZIP it came as); returns how many.

    When the upload was refused as a whole, all its files are. Of files too large to keep only size and digest stay.
    """
    settings = center_settings(resources)
    reasons = {refusal.number: refusal for refusal in reversed(refusals)}
    kept = [file for file in files if 0 in reasons or file.number in reasons][: settings.quarantine_files_per_upload]
    stored = [file for file in kept if file.length <= settings.quarantine_file_max_bytes]
    refs = await resources.blobs.put_pack([spool.view(file.offset, file.length) for file in stored]) if stored else []
    by_number = dict(zip((file.number for file in stored), refs, strict=True))
    rows = [_row(actor, file, reasons.get(file.number) or reasons[0], by_number.get(file.number)) for file in kept]
    async with resources.db.transaction() as session:
        await queries.add(session, rows)
        for row in rows:
            await audit.record(
                session, actor, "quarantine.keep", "quarantine", row.id, outcome=row.code, address=address
            )
    return len(rows)


async def drop_expired(resources: Resources) -> int:
    """Drop what is older than the days it is kept; returns the number of objects. Rows go first: bytes without a row
    are found by the sweep of orphans, a row without bytes would be a lie."""
    kept_for = timedelta(days=center_settings(resources).quarantine_days)
    async with resources.db.transaction() as session:
        keys = await queries.drop_older_than(session, kept_for)
        keys -= await queries.keys_in_use(session, sorted(keys))
    for key in sorted(keys):
        await resources.blobs.delete(key)
    return len(keys)


async def enforce_quota(resources: Resources) -> int:
    """A broken workstation must not fill the disk: beyond a clinic's bytes its oldest files lose their content, not
    their row. Returns the number of objects dropped; a pack goes with the last of its files."""
    most_bytes = center_settings(resources).quarantine_clinic_bytes
    async with resources.db.transaction() as session:
        keys = await queries.drop_content_over(session, most_bytes)
        keys -= await queries.keys_in_use(session, sorted(keys))
    for key in sorted(keys):
        await resources.blobs.delete(key)
    return len(keys)


def _row(actor: Actor, file: SentFile, refusal: Refusal, ref: BlobRef | None) -> QuarantinedFile:
    return QuarantinedFile(
        id=new_id("qua"),
        clinic_id=actor.org_id,
        account_id=actor.account_id,
        code=refusal.code,
        detail=refusal.detail,
        file_name=file.name,
        size_bytes=file.length,
        sha256=file.sha256,
        correlation_id=correlation_id.get(),
        blob_store=ref and ref.store,
        blob_key=ref and ref.key,
        blob_offset=ref and ref.offset,
        blob_length=ref and ref.length,
    )
