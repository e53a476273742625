"""Anybody who holds a report may have it checked: ``POST /v1/reports/verify``, and the page behind the QR code."""

from fastapi import APIRouter, Request

from services.gateway.api.rate_limit import RateLimit
from services.gateway.api.upload import read_file
from services.gateway.api.verdict import Verdict, Verifier

router = APIRouter(tags=["reports"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "application/jose+json": {"schema": {"type": "object"}},
        },
    }
}


@router.post("/v1/reports/verify", openapi_extra=_BODY)
async def verify(request: Request) -> Verdict:
    """A PDF or a JWS, up to 20 MiB. No login: whoever holds the file may check it; the answer names no patient."""
    return await judge(request)


async def judge(request: Request) -> Verdict:
    limit: RateLimit = request.app.state.verify_limit
    verifier: Verifier = request.app.state.report_verifier
    limit.take(request)
    return await verifier.judge(await read_file(request))
