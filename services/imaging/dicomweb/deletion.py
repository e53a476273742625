"""Deleting a study, a series, an instance. PS3.18 has no such transaction; the path is the resource's own.

The bytes go with the last row that names their pack; until then they lie in it, where nothing reads them any more.
"""

import logging
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.models import CONTENT_KIND, Deletion
from services.imaging.queries import deletions, instances, studies
from services.imaging.queries.deletions import Target, Tombstone
from shared import audit
from shared.auth import Role
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.reading.workflow.orphans import drop_unused
from shared.reading.workflow.removal import remove_contents
from shared.telemetry import fields
from shared.web import client_address

logger = logging.getLogger(__name__)

Reason = Annotated[
    str, Query(min_length=1, max_length=500, pattern=r"\S", description="why, in the words that are kept")
]
Clinic = Annotated[
    str | None, Query(max_length=64, description="whose, where several clinics sent a study with this UID")
]


class DeletedImage(BaseModel):
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    sha256: str = Field(description="of the file as it was sent")
    size_bytes: int
    received_at: datetime


class DeletionRecord(BaseModel):
    """What stays of what was deleted."""

    deletion_id: str
    study_uid: str
    series_uid: str | None = Field(description="null: the whole study")
    sop_instance_uid: str | None
    clinic_id: str
    reason: str
    deleted_by: str = Field(description="the administrator's account")
    deleted_at: datetime
    case_ids: list[str] = Field(description="the cases that showed it")
    count: int
    instances: list[DeletedImage]


def deletion_router() -> APIRouter:
    router = APIRouter(prefix="/studies/{study_uid}", tags=["dicomweb"])

    @router.delete("", summary="Delete a study")
    async def delete_study(study_uid: str, call: CurrentCall, reason: Reason, clinic: Clinic = None) -> DeletionRecord:
        """Administrators only; 409 while a case of it is read, and where a report rests on it. Deleted already: the
        same answer again."""
        return await _delete(call, Target(study_uid, clinic_id=clinic), reason)

    @router.delete("/series/{series_uid}", summary="Delete a series")
    async def delete_series(
        study_uid: str, series_uid: str, call: CurrentCall, reason: Reason, clinic: Clinic = None
    ) -> DeletionRecord:
        return await _delete(call, Target(study_uid, series_uid, clinic_id=clinic), reason)

    @router.delete("/series/{series_uid}/instances/{sop_instance_uid}", summary="Delete an instance")
    async def delete_instance(
        study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall, reason: Reason, clinic: Clinic = None
    ) -> DeletionRecord:
        return await _delete(call, Target(study_uid, series_uid, sop_instance_uid, clinic), reason)

    return router


async def _delete(call: Call, target: Target, reason: str) -> DeletionRecord:
    async with call.resources.db.transaction() as session:
        await _require_administrator(session, call, target)
        clinics = await deletions.clinics_of(session, target)
        if not clinics:
            return _shown(await _deleted_before(session, target))
        if len(clinics) > 1:
            raise Conflict(
                "多家机构的检查使用了同一 Study Instance UID，请以 clinic 参数指明",
                code="ambiguous_study",
                extra={"clinics": clinics},
            )
        tombstone, keys = await _bury(session, call, target, clinics[0], reason)
        record = _shown(tombstone)
    await drop_unused(call.resources, keys, instances.keys_in_use)
    logger.info("images deleted", extra=fields(action="delete", count=record.count))
    return record


async def _require_administrator(session: Session, call: Call, target: Target) -> None:
    """Raises NotFound for who may not see the target, RoleRequired for who may."""
    if not call.actor.has(Role.admin):
        study = await studies.see(session, call.actor, target.study_uid)
        await studies.stored(session, study, target.series_uid, target.sop_instance_uid)
        call.actor.require(Role.admin)


async def _deleted_before(session: Session, target: Target) -> Tombstone:
    """The answer to a call that is repeated because its answer was lost."""
    found = await deletions.last_tombstone(session, target)
    if found is None:
        raise NotFound
    return found


async def _bury(
    session: Session, call: Call, target: Target, clinic_id: str, reason: str
) -> tuple[Tombstone, list[str]]:
    """With the keys of the packs that the bytes lie in. Uploads of the study wait meanwhile, and find nothing after."""
    await instances.lock_studies(session, clinic_id, [target.study_uid])
    gone = [each for each in await deletions.doomed(session, target) if each.clinic_id == clinic_id]
    if not gone:
        return await _deleted_before(session, target), []
    await deletions.lock_series(session, {each.series_pk for each in gone})
    deletion_id = new_id("del")
    is_whole = await deletions.is_whole_study(session, gone)
    case_ids = await remove_contents(
        session,
        CONTENT_KIND,
        [each.instance_id for each in gone],
        reason=reason,
        deletion_id=deletion_id,
        gone_study_uids=frozenset({target.study_uid}) if is_whole else frozenset(),
    )
    deletion = Deletion(
        deletion_id=deletion_id,
        clinic_id=clinic_id,
        study_uid=target.study_uid,
        series_uid=target.series_uid,
        sop_instance_uid=target.sop_instance_uid,
        reason=reason,
        account_id=call.actor.account_id,
        account_name=call.actor.name,
        case_ids=case_ids,
    )
    tombstone = await deletions.bury(session, deletion, gone)
    await audit.record(
        session, call.actor, "study.delete", "study", str(gone[0].study_pk), address=client_address(call.request),
        detail={"deletion_id": deletion_id, "instances": len(gone)},
    )  # fmt: skip
    return tombstone, sorted({each.blob_key for each in gone})


def _shown(tombstone: Tombstone) -> DeletionRecord:
    deletion = tombstone.deletion
    return DeletionRecord(
        deletion_id=deletion.deletion_id,
        study_uid=deletion.study_uid,
        series_uid=deletion.series_uid,
        sop_instance_uid=deletion.sop_instance_uid,
        clinic_id=deletion.clinic_id,
        reason=deletion.reason,
        deleted_by=deletion.account_name,
        deleted_at=deletion.deleted_at,
        case_ids=deletion.case_ids,
        count=len(tombstone.instances),
        instances=[
            DeletedImage(
                series_uid=each.series_uid,
                sop_instance_uid=each.sop_instance_uid,
                sop_class_uid=each.sop_class_uid,
                sha256=each.file_sha256,
                size_bytes=each.size_bytes,
                received_at=each.received_at,
            )
            for each in tombstone.instances
        ],
    )
