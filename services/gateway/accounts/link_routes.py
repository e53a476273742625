"""The one-time links: /v1/setup and /v1/auth/password for programs, /setup and /password as pages for people."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.gateway.accounts import links, pages, people
from services.gateway.accounts.context import AccountContext, CurrentAccounts
from services.gateway.accounts.passwords import check_password
from services.gateway.accounts.schemas import NewPasswordBody, OrganizationBody, SetupBody
from services.gateway.accounts.setup import create_first_administrator
from services.gateway.accounts.tokens import actor_of
from shared import audit
from shared.errors import GongzhenError, Unauthenticated
from shared.events.directory import Organization
from shared.events.part import Part
from shared.ids import new_id
from shared.web import client_address

router = APIRouter(tags=["登录"])

LinkToken = Annotated[str, Query(max_length=256)]


class CreatedAdministrator(Part):
    account_id: str
    org_id: str


class SetupForm(Part):
    """As the page sends it: everything is text, checked as the JSON body is."""

    token: str = ""
    username: str = ""
    password: str = ""
    name: str = ""
    organization: str = ""


class PasswordForm(Part):
    token: str = ""
    password: str = ""


@router.post("/v1/setup", status_code=201, summary="建立首位管理员（一次性链接）")
async def set_up(body: SetupBody, request: Request, context: CurrentAccounts) -> CreatedAdministrator:
    return await _set_up(body, request, context)


@router.post("/v1/auth/password", status_code=204, summary="凭一次性链接设置新密码")
async def set_password(body: NewPasswordBody, request: Request, context: CurrentAccounts) -> None:
    await _set_password(body, request, context)


@router.get("/setup", include_in_schema=False)
async def setup_page(token: LinkToken = "") -> HTMLResponse:
    return pages.setup(token)


@router.post("/setup", include_in_schema=False)
async def setup_from_page(
    form: Annotated[SetupForm, Form()], request: Request, context: CurrentAccounts
) -> HTMLResponse:
    try:
        body = SetupBody(
            token=form.token,
            username=form.username,
            password=form.password,
            name=form.name,
            organization=OrganizationBody(name=form.organization),
        )
        await _set_up(body, request, context)
    except ValidationError:
        return pages.setup(form.token, "请完整填写；用户名只能用小写字母、数字、点、下划线和连字符", status=422)
    except GongzhenError as error:
        return pages.setup(form.token, error.detail, status=error.status)
    return pages.done("管理员已建立")


@router.get("/password", include_in_schema=False)
async def password_page(token: LinkToken = "") -> HTMLResponse:
    return pages.password(token)


@router.post("/password", include_in_schema=False)
async def password_from_page(
    form: Annotated[PasswordForm, Form()], request: Request, context: CurrentAccounts
) -> HTMLResponse:
    try:
        await _set_password(NewPasswordBody(token=form.token, password=form.password), request, context)
    except ValidationError:
        return pages.password(form.token, "请填写新密码", status=422)
    except GongzhenError as error:
        return pages.password(form.token, error.detail, status=error.status)
    return pages.done("密码已设置")


async def _set_up(body: SetupBody, request: Request, context: AccountContext) -> CreatedAdministrator:
    organization = Organization(org_id=new_id("org"), name=body.organization.name, org_kind=body.organization.org_kind)
    account = await create_first_administrator(
        context,
        token=body.token,
        username=body.username,
        password=body.password,
        name=body.name,
        organization=organization,
        address=client_address(request),
    )
    return CreatedAdministrator(account_id=account.account_id, org_id=organization.org_id)


async def _set_password(body: NewPasswordBody, request: Request, context: AccountContext) -> None:
    async with context.db.transaction() as session:
        account_id = await links.use(session, links.Purpose.password, body.token)
        if account_id is None:
            raise Unauthenticated(code="link_invalid")
        account = await people.require_account(session, account_id)
        check_password(body.password, account.username)  # a refused one leaves the link good: nothing is committed
        await people.set_password(session, account_id, await context.passwords.hash(body.password))
        address = client_address(request)
        await audit.record(session, actor_of(account), "user.set_password", "account", account_id, address=address)
