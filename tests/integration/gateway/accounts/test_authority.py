"""Where the region's certificates come from: its own development root, an external authority, or elsewhere."""

import base64
import secrets
from pathlib import Path

import pytest
from sqlalchemy import text

from services.gateway.accounts import bootstrap
from services.gateway.accounts.config import AccountSettings
from shared import directory
from shared.db import Database
from shared.errors import GongzhenError, Invalid
from shared.events.directory import SigningCredential
from shared.settings import Settings
from shared.signing.authority import create_development_authority
from tests.integration.gateway.accounts.desk import settings_for


@pytest.fixture
def settings(empty_url: str, tmp_path: Path) -> Settings:
    return settings_for(empty_url, tmp_path, demo=True)


def _external(folder: Path) -> AccountSettings:
    authority = create_development_authority("外部测试机构")
    (folder / "ca.pem").write_text(authority.chain_pem)
    (folder / "ca.key").write_text(authority.key_pem)
    return AccountSettings(ca_cert=folder / "ca.pem", ca_key=folder / "ca.key")


async def _rows(db: Database, statement: str) -> list[str]:
    async with db.transaction() as session:
        return [str(value) for value in (await session.execute(text(statement))).scalars()]


async def test_an_external_authority_issues_and_its_key_never_enters_the_database(
    settings: Settings, tmp_path: Path
) -> None:
    db = Database(settings.database_url)
    await bootstrap.start(db, settings, _external(tmp_path))
    assert await _rows(db, "SELECT anchor_id FROM gateway.authority") == []
    async with db.transaction() as session:
        credential = await directory.credential(session, "acc_reader1")
        (anchor,) = await directory.trust_anchors(session)
    assert credential is not None
    assert credential.certificate_chain_pem.endswith(anchor.pem)
    await db.close()


async def test_with_external_roots_alone_nothing_is_issued_here(settings: Settings, tmp_path: Path) -> None:
    db = Database(settings.database_url)
    (tmp_path / "roots.pem").write_text(create_development_authority("外部测试机构").roots_pem)
    await bootstrap.start(db, settings, AccountSettings(trust_roots=tmp_path / "roots.pem"))
    async with db.transaction() as session:
        assert await directory.every(session, SigningCredential) == []
        assert len(await directory.trust_anchors(session)) == 1
    assert await _rows(db, "SELECT anchor_id FROM gateway.authority") == []
    await db.close()


async def test_private_keys_are_sealed_under_the_secret_and_lost_without_it(empty_url: str, tmp_path: Path) -> None:
    settings = settings_for(empty_url, tmp_path)
    db = Database(settings.database_url)
    sealed = AccountSettings(keys_secret=base64.b64encode(secrets.token_bytes(32)).decode())
    await bootstrap.start(db, settings, sealed)
    stored = await _rows(
        db, "SELECT private_pem FROM gateway.token_key UNION ALL SELECT private_pem FROM gateway.authority"
    )
    assert len(stored) == 2
    assert not any("PRIVATE KEY" in pem for pem in stored)

    await bootstrap.start(db, settings, sealed)
    with pytest.raises(Invalid) as refused:
        await bootstrap.start(db, settings, AccountSettings())
    assert refused.value.code == "keys_secret_wrong"
    await db.close()


@pytest.mark.parametrize(
    ("certificate", "key"), [("", ""), ("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", "no key")]
)
async def test_a_start_with_unreadable_files_says_so(
    settings: Settings, tmp_path: Path, certificate: str, key: str
) -> None:
    db = Database(settings.database_url)
    (tmp_path / "ca.pem").write_text(certificate)
    (tmp_path / "ca.key").write_text(key)
    with pytest.raises(GongzhenError) as refused:
        await bootstrap.start(db, settings, AccountSettings(ca_cert=tmp_path / "ca.pem", ca_key=tmp_path / "ca.key"))
    assert refused.value.code == "authority_unreadable"
    await db.close()
