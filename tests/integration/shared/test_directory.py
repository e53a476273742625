"""The read copy of the region's facts: the highest revision of a record holds, whatever the order of arrival."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import directory
from shared.auth import Actor, Role
from shared.db import Database
from shared.errors import Unauthenticated
from shared.events.directory import Account, Organization, OrgKind


async def test_an_older_revision_never_replaces_a_newer_one(db: Database) -> None:
    new = Organization(org_id="org_1", name="新名卫生院", org_kind=OrgKind.clinic)
    old = new.model_copy(update={"name": "旧名卫生院"})
    async with db.transaction() as session:
        assert await directory.apply(session, directory.event_of(new, 2))
        assert not await directory.apply(session, directory.event_of(old, 1))
        assert await directory.name_of(session, "org_1") == "新名卫生院"
        assert await directory.apply(session, directory.event_of(new, 3, deleted=True))
        assert await directory.organization(session, "org_1") is None


async def test_a_deleted_record_stays_deleted_when_an_older_revision_comes_late(db: Database) -> None:
    clinic = Organization(org_id="org_1", name="甲卫生院", org_kind=OrgKind.clinic)
    async with db.transaction() as session:
        await directory.apply(session, directory.event_of(clinic, 2, deleted=True))
        await directory.apply(session, directory.event_of(clinic, 1))
        assert await directory.organization(session, "org_1") is None


async def test_revoked_closed_and_narrowed_accounts_are_refused(db: Database) -> None:
    issued = datetime.now(UTC)
    actor = Actor("acc_1", "u", "读片医师甲", "org_1", frozenset({Role.reader}), issued_at=issued)
    known = Account(account_id="acc_1", username="u", name="读片医师甲", org_id="org_1", roles=["reader"])
    async with db.transaction() as session:
        await directory.require_current(session, actor)  # unknown here: the gateway signed for it
        await directory.apply(session, directory.event_of(known, 1))
        await directory.require_current(session, actor)
        for revision, change in enumerate(
            [{"active": False}, {"revoked_before": issued + timedelta(seconds=2)}, {"roles": ["clinic"]}], start=2
        ):
            changed = known.model_copy(update=change)
            await directory.apply(session, directory.event_of(changed, revision))
            with pytest.raises(Unauthenticated):
                await directory.require_current(session, actor)
