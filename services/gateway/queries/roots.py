"""Whose signatures the region accepts now: anchors of the directory, revocations of the certificate register."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.trust import Certificate
from shared import directory
from shared.signing.trust import TrustRoots, load_roots


async def trust_roots(session: AsyncSession) -> TrustRoots:
    """Empty while the directory has not arrived yet."""
    anchors = await directory.trust_anchors(session)
    revoked = await session.execute(
        select(Certificate.serial, Certificate.revoked_at).where(Certificate.revoked_at.is_not(None))
    )
    since = {serial: revoked_at for serial, revoked_at in revoked if revoked_at is not None}
    if not anchors:
        return TrustRoots((), since)
    return load_roots("\n".join(anchor.pem for anchor in anchors).encode(), since)
