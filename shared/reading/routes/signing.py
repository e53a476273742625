"""Unlock, submit, sign: what needs the physician's key."""

import base64
import binascii
import secrets

from fastapi import APIRouter, Response

from shared.errors import Unavailable
from shared.reading.form import ReportForm
from shared.reading.routes.call import ClaimToken, CurrentCall, SigningGrant
from shared.reading.routes.metrics import ReadingMetrics
from shared.reading.routes.show import show_signed
from shared.reading.schemas.answers import SignedAnswer, UnlockAnswer
from shared.reading.schemas.requests import Unlock
from shared.reading.workflow import signing
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.unlocking import unlock
from shared.reading.workflow.versions import Signed
from shared.resources import Resources
from shared.signing.grants import SigningGrants

_SECRET_BYTES = 32


class Desks:
    """The one desk of a router, made when the first request brings the resources."""

    def __init__(self, form: ReportForm) -> None:
        self._form = form
        self._desk: Desk | None = None

    def of(self, resources: Resources) -> Desk:
        if self._desk is None or self._desk.db is not resources.db:
            self._desk = Desk(
                db=resources.db,
                blobs=resources.region_blobs,
                center_blobs=resources.blobs,
                grants=SigningGrants(_secret(resources.settings.grant_secret)),
                form=self._form,
                public_url=resources.settings.public_url,
                pepper=resources.settings.pin_pepper.encode(),
            )
        return self._desk


def signing_routes(router: APIRouter, desks: Desks, metrics: ReadingMetrics) -> None:
    @router.post("/signing/unlock", summary="Unlock your key with the signing PIN")
    async def unlock_key(body: Unlock, call: CurrentCall) -> UnlockAnswer:
        """Good for five idle minutes. A wrong PIN is 401 `wrong_pin`; after some of them, 429 with Retry-After."""
        grant = await unlock(desks.of(call.resources), call.actor, body.pin, address=call.address)
        return UnlockAnswer(signing_grant=grant.token, expires_in=grant.expires_in_s)

    @router.post("/cases/{case_id}/submit", summary="The author signs his report")
    async def submit_report(
        case_id: str, response: Response, call: CurrentCall, token: ClaimToken = None, grant: SigningGrant = None
    ) -> SignedAnswer:
        desk = desks.of(call.resources)
        signed = await signing.submit(desk, call.actor, case_id, token=token, grant=grant, address=call.address)
        return _answer(response, signed)

    @router.post("/cases/{case_id}/sign", summary="Release the report")
    async def sign_report(
        case_id: str, response: Response, call: CurrentCall, token: ClaimToken = None, grant: SigningGrant = None
    ) -> SignedAnswer:
        """The reviewer, with the review's Claim-Token if the review is held; the author alone where the reading
        site's policy is one signature."""
        desk = desks.of(call.resources)
        signed = await signing.sign(desk, call.actor, case_id, token=token, grant=grant, address=call.address)
        if signed.renewed is not None and signed.version.amends is None:
            metrics.observe(signed.case, signed.version)
        return _answer(response, signed)

    @router.post("/cases/{case_id}/preliminary", summary="Say at once what can be said")
    async def issue_preliminary(
        case_id: str, response: Response, call: CurrentCall, token: ClaimToken = None, grant: SigningGrant = None
    ) -> SignedAnswer:
        """Signed where a grant is shown."""
        desk = desks.of(call.resources)
        signed = await signing.issue_preliminary(
            desk, call.actor, case_id, token=token, grant=grant, address=call.address
        )
        return _answer(response, signed)


def _answer(response: Response, signed: Signed) -> SignedAnswer:
    if signed.renewed is not None:
        response.headers["Signing-Grant"] = signed.renewed.token
    return show_signed(signed)


def _secret(configured: str) -> bytes:
    """Raises Unavailable for a secret that cannot be one: grants of several processes would never agree."""
    if not configured:
        return secrets.token_bytes(_SECRET_BYTES)
    try:
        return base64.b64decode(configured, validate=True)
    except binascii.Error as error:
        raise Unavailable("GONGZHEN_GRANT_SECRET 不是 base64", code="grant_secret_unreadable") from error
