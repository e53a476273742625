"""What anybody may know: the keys of access tokens, the region's roots, whether a certificate still holds."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from services.gateway.accounts import authority, tokens
from services.gateway.accounts.context import CurrentAccounts
from services.gateway.accounts.schemas import CertificateAnswer
from services.gateway.queries import trust as queries
from shared.errors import NotFound

router = APIRouter(tags=["信任"])


@router.get("/.well-known/jwks.json", summary="访问令牌的公钥 (RFC 7517)")
async def jwks(response: Response, context: CurrentAccounts) -> dict[str, Any]:
    response.headers["Cache-Control"] = "public, max-age=60"
    async with context.db.transaction() as session:
        return await tokens.public_key_set(session)


@router.get("/v1/trust/roots.pem", summary="区域根证书", response_class=PlainTextResponse)
async def roots(context: CurrentAccounts) -> PlainTextResponse:
    async with context.db.transaction() as session:
        pem = await authority.roots_pem(session)
    return PlainTextResponse(pem, media_type="application/x-pem-file")


@router.get("/v1/trust/certificates/{serial}", summary="证书状态", response_model_exclude_none=True)
async def certificate(serial: str, context: CurrentAccounts) -> CertificateAnswer:
    async with context.db.transaction() as session:
        found = await queries.certificate(session, serial.lower())
    if found is None:
        raise NotFound
    return CertificateAnswer(
        serial=found.serial,
        status="good" if found.revoked_at is None else "revoked",
        issued_at=found.issued_at,
        revoked_at=found.revoked_at,
    )
