"""The region's certificate authority: an external one's files, or a development one that the first start makes."""

import asyncio
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from services.gateway.accounts import facts
from services.gateway.accounts.context import AccountContext
from services.gateway.queries import accounts as fact_queries
from services.gateway.queries import trust as queries
from shared.db import Session
from shared.errors import Conflict, Invalid
from shared.events.directory import TrustAnchor
from shared.signing.authority import Authority, create_development_authority, load_authority
from shared.signing.trust import DEVELOPMENT_UNIT, load_roots, to_pem


async def ensure_authority(session: Session, context: AccountContext) -> None:
    """Publish the roots of the region, making the development one if there is no other. Idempotent.

    Roots that were once published stay: what was signed under them has to verify for as long as reports are kept.
    """
    configured = context.account_settings
    if configured.issues_certificates:
        authority = await _configured(context) or await _development(session, context, create=True)
        assert authority is not None
        await _publish_root(session, authority.chain[-1])
    if configured.trust_roots is not None:
        for root in load_roots((await _read(configured.trust_roots)).encode()).certificates:
            await _publish_root(session, root)


async def issuing_authority(session: Session, context: AccountContext) -> Authority:
    """Raises Conflict (``issued_elsewhere``) where certificates come from outside the region."""
    if context.account_settings.issues_certificates:
        authority = await _configured(context) or await _development(session, context, create=False)
        if authority is not None:
            return authority
    raise Conflict("签名证书由外部 CA 签发，请联系管理员", code="issued_elsewhere")


async def roots_pem(session: Session) -> str:
    return "".join(anchor.pem for anchor in await fact_queries.facts(session, TrustAnchor))


async def _configured(context: AccountContext) -> Authority | None:
    configured = context.account_settings
    if configured.ca_cert is None or configured.ca_key is None:
        return None
    return load_authority(await _read(configured.ca_key), await _read(configured.ca_cert))


async def _development(session: Session, context: AccountContext, *, create: bool) -> Authority | None:
    row = await queries.authority_key(session)
    if row is not None:
        return load_authority(context.vault.unseal(row.private_pem, row.anchor_id), row.chain_pem)
    if not create:
        return None
    made = create_development_authority(context.account_settings.region_name)
    anchor_id = _anchor_id(made.chain[-1])
    await queries.add_authority_key(session, anchor_id, made.chain_pem, context.vault.seal(made.key_pem, anchor_id))
    return made


async def _publish_root(session: Session, root: x509.Certificate) -> None:
    units = [unit.value for unit in root.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)]
    await facts.publish_changed(
        session,
        TrustAnchor(
            anchor_id=_anchor_id(root),
            pem=to_pem([root]),
            trust="development" if DEVELOPMENT_UNIT in units else "region",
        ),
    )


def _anchor_id(root: x509.Certificate) -> str:
    return f"anchor_{root.fingerprint(hashes.SHA256()).hex()[:32]}"


async def _read(path: Path) -> str:
    try:
        return await asyncio.to_thread(path.read_text, "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("CA 证书或私钥文件无法读取", code="authority_unreadable") from error
