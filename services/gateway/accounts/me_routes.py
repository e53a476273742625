"""/v1/me: one's own account, password and signing credential."""

from fastapi import APIRouter, Request

from services.gateway.accounts import credentials, people, throttle
from services.gateway.accounts.context import CurrentAccounts
from services.gateway.accounts.credentials import CredentialState
from services.gateway.accounts.passwords import check_password
from services.gateway.accounts.schemas import (
    ChangePasswordBody,
    ChangePinBody,
    CredentialAnswer,
    MeAnswer,
    MyOrganization,
    PinBody,
)
from services.gateway.queries import accounts as queries
from shared import audit
from shared.errors import Unauthenticated
from shared.events.directory import Organization
from shared.web import CurrentActor, client_address

router = APIRouter(prefix="/v1/me", tags=["本人"])


@router.get("", summary="当前账号", response_model_exclude_none=True)
async def me(actor: CurrentActor, context: CurrentAccounts) -> MeAnswer:
    async with context.db.transaction() as session:
        account = await people.require_account(session, actor.account_id)
        organization = await queries.fact(session, Organization, account.org_id)
        state = await credentials.state(session, actor.account_id)
    return MeAnswer(
        account_id=account.account_id,
        username=account.username,
        name=account.name,
        organization=MyOrganization(
            org_id=account.org_id,
            name=organization.name if organization else account.org_id,
            org_kind=organization.org_kind if organization else None,
        ),
        roles=account.roles,
        centers=list(account.centers),
        scopes=account.scopes,
        signing_credential=_answer(state) if state else None,
    )


@router.put("/password", status_code=204, summary="修改本人密码；其他会话随之失效")
async def change_password(
    body: ChangePasswordBody, actor: CurrentActor, request: Request, context: CurrentAccounts
) -> None:
    check_password(body.new, actor.username)
    key = throttle.attempt_key("password", actor.account_id)
    async with context.attempts.one_at_a_time(key):
        async with context.db.transaction() as session:
            await throttle.require_open(session, key)
            login = await queries.login(session, actor.account_id)
        if not await context.passwords.verify(login.password_hash if login else None, body.old):
            async with context.db.transaction() as session:
                await throttle.count_failure(session, key)
            raise Unauthenticated("原密码错误", code="bad_credentials")
        password_hash = await context.passwords.hash(body.new)
        async with context.db.transaction() as session:
            if login is None or not await queries.lock_login(session, actor.account_id, login.password_changed_at):
                raise Unauthenticated("原密码错误", code="bad_credentials")
            await throttle.forget(session, key)
            await people.set_password(session, actor.account_id, password_hash)
            await audit.record(
                session, actor, "user.change_password", "account", actor.account_id, address=client_address(request)
            )


@router.post("/signing-credential", status_code=201, summary="生成本人的签名私钥与证书")
async def create_credential(
    body: PinBody, actor: CurrentActor, request: Request, context: CurrentAccounts
) -> CredentialAnswer:
    return _answer(await credentials.create(context, actor, body.pin, client_address(request)))


@router.put("/signing-credential/pin", status_code=204, summary="修改签名密码")
async def change_pin(body: ChangePinBody, actor: CurrentActor, request: Request, context: CurrentAccounts) -> None:
    await credentials.change_pin(context, actor, body.old, body.new, client_address(request))


def _answer(state: CredentialState) -> CredentialAnswer:
    return CredentialAnswer.model_validate(
        {"serial": state.serial, "status": state.status, "not_after": state.not_after}
    )
