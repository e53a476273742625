"""Who may sign now: an account that is open, a certificate that is good, a key that was unlocked."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from shared import directory
from shared.auth import Actor
from shared.db import Session
from shared.errors import Conflict, Unauthenticated
from shared.events.directory import SigningCredential
from shared.signing.grants import Grant, SigningGrants
from shared.signing.signatory import Signatory, signatory
from shared.signing.trust import Trust, load_roots


@dataclass(frozen=True, slots=True)
class Unlocked:
    """``renewed``: the grant to show the next time."""

    signatory: Signatory
    renewed: Grant


async def current_credential(session: Session, actor: Actor) -> SigningCredential:
    """Asked before a signature is made and again when it is recorded. Raises Unauthenticated, Conflict."""
    await directory.require_current(session, actor)
    found = await directory.credential(session, actor.account_id)
    if found is None:
        raise Conflict("没有签名证书，请联系管理员", code="certificate_missing")
    if found.status != "active":
        raise Conflict("签名证书已吊销", code="certificate_revoked")
    return found


async def unlocked(
    session: Session, actor: Actor, credential: SigningCredential, grants: SigningGrants, grant: str | None
) -> Unlocked:
    """Raises Unauthenticated (``signing_grant_required``, ``signing_grant_invalid``), Conflict for a replaced key."""
    if not grant:
        raise Unauthenticated("请先输入签名密码", code="signing_grant_required")
    account = await directory.account(session, actor.account_id)
    opened = grants.open(grant, actor.account_id, revoked_before=account.revoked_before if account else None)
    return Unlocked(signatory(opened.key, credential.certificate_chain_pem), opened.renewed)


async def is_development(session: Session, credential: SigningCredential, at: datetime) -> bool:
    """Whether the certificate comes from the development authority. Raises Conflict (``certificate_untrusted``) for
    one that the region's roots do not vouch for now: nobody could verify what it signs."""
    anchors = await directory.trust_anchors(session)
    chain = x509.load_pem_x509_certificates(credential.certificate_chain_pem.encode())
    pem = "".join(anchor.pem for anchor in anchors).encode()
    trust = load_roots(pem).judge(chain[0], chain[1:], at) if anchors else Trust.NONE
    if trust is Trust.NONE:
        raise Conflict("签名证书不受本区域信任或已过期", code="certificate_untrusted")
    return trust is Trust.DEVELOPMENT
