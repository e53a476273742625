"""The demo region: one county, two lead hospitals, three township clinics, everybody plainly invented.

Made only where the settings say demo and the front door is on loopback, since its passwords are published. A record
that is there already stays as it is: what somebody changed in the demo region survives a restart.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from services.gateway.accounts import credentials, facts
from services.gateway.accounts.context import AccountContext
from services.gateway.accounts.people import REGION_SCOPE, create_account
from services.gateway.queries import accounts as queries
from shared.auth import Role
from shared.db import Session
from shared.errors import Unavailable
from shared.events.directory import (
    Account,
    Center,
    DirectoryRecord,
    DutyContact,
    Organization,
    OrgKind,
    SigningCredential,
    SitePolicy,
)
from shared.signing.keys import new_wrapped_key

COUNTY, HOSPITAL_A, HOSPITAL_B = "org_demo_county", "org_demo_a", "org_demo_b"
CLINICS = ("org_demo_clinic1", "org_demo_clinic2", "org_demo_clinic3")
ALL: tuple[Center, ...] = ("imaging", "ecg", "lab")

R = TypeVar("R", bound=DirectoryRecord)

ORGANIZATIONS = (
    Organization(org_id=COUNTY, name="演示县卫生健康局", org_kind=OrgKind.authority),
    Organization(org_id=HOSPITAL_A, name="演示县人民医院", org_kind=OrgKind.hospital, recognition_mark="演示县HR"),
    Organization(org_id=HOSPITAL_B, name="演示县中医医院", org_kind=OrgKind.hospital),
    # The machines of the first two write GB18030 without saying so, as old ones do.
    Organization(
        org_id=CLINICS[0],
        name="演示东镇卫生院",
        org_kind=OrgKind.clinic,
        township="演示东镇",
        default_character_set="GB18030",
    ),
    Organization(
        org_id=CLINICS[1],
        name="演示西镇卫生院",
        org_kind=OrgKind.clinic,
        township="演示西镇",
        default_character_set="GB18030",
    ),
    Organization(org_id=CLINICS[2], name="演示南镇卫生院", org_kind=OrgKind.clinic, township="演示南镇"),
)

POLICIES = tuple(
    SitePolicy(reading_site_id=site, center=center, rank=rank, signatures="double")
    for site, rank in ((HOSPITAL_A, 1), (HOSPITAL_B, 2))
    for center in ALL
)

CONTACTS = tuple(
    DutyContact(contact_id=f"con_{org_id.removeprefix('org_')}", org_id=org_id, name=name, phone=phone)
    for org_id, name, phone in (
        (HOSPITAL_A, "演示甲院值班", "000-00000001"),
        (HOSPITAL_B, "演示乙院值班", "000-00000002"),
        (CLINICS[0], "演示东镇值班", "000-00000011"),
        (CLINICS[1], "演示西镇值班", "000-00000012"),
        (CLINICS[2], "演示南镇值班", "000-00000013"),
    )
)


def _person(
    username: str, name: str, org_id: str, *roles: Role, centers: Sequence[Center] = (), scopes: Sequence[str] = ()
) -> Account:
    return Account(
        account_id=f"acc_{username}",
        username=username,
        name=name,
        org_id=org_id,
        roles=sorted(role.value for role in roles),
        centers=list(centers),
        scopes=list(scopes),
    )


ACCOUNTS = (
    _person("clinic1", "测试申请医生一", CLINICS[0], Role.clinic),
    _person("clinic2", "测试申请医生二", CLINICS[1], Role.clinic),
    _person("clinic3", "测试申请医生三", CLINICS[2], Role.clinic),
    _person("reader1", "测试报告医生一", HOSPITAL_A, Role.reader, centers=ALL),
    _person("reader2", "测试报告医生二", HOSPITAL_A, Role.reader, centers=ALL),
    _person("reviewer1", "测试审核医生一", HOSPITAL_A, Role.reader, Role.reviewer, centers=ALL),
    _person("reader3", "测试报告医生三", HOSPITAL_B, Role.reader, centers=ALL),
    _person("reviewer3", "测试审核医生三", HOSPITAL_B, Role.reader, Role.reviewer, centers=ALL),
    _person("lab1", "测试检验技师一", HOSPITAL_A, Role.technologist, centers=("lab",)),
    _person("lab2", "测试检验技师二", HOSPITAL_A, Role.technologist, centers=("lab",)),
    _person("dispatcher1", "测试调度员一", HOSPITAL_A, Role.dispatcher, centers=ALL),
    _person("hospital1", "测试医院信息系统", HOSPITAL_A, Role.integration, scopes=(REGION_SCOPE,)),
    _person("admin1", "测试管理员一", COUNTY, Role.admin),
    _person("auditor1", "测试审计员一", COUNTY, Role.auditor),
)


def require_loopback(public_url: str) -> None:
    """Raises Unavailable (``demo_refused``): published passwords stay on this machine."""
    if not _is_local(public_url):
        raise Unavailable("演示账号仅可用于本机地址", code="demo_refused")


async def refuse_demo_accounts(session: Session, public_url: str) -> None:
    """A region that was once a demo keeps its accounts: started plainly on a public address, it would let everybody
    in who has read the contract. Raises Unavailable (``demo_refused``) while one of them is still open."""
    if _is_local(public_url):
        return
    for account in ACCOUNTS:
        held = await queries.fact(session, Account, account.account_id)
        if held is not None and held.active:
            raise Unavailable("区域内有密码公开的演示账号，停用后才可对外开放", code="demo_refused")


async def seed_demo(session: Session, context: AccountContext) -> None:
    """Make what is missing. The second start reads some rows and changes nothing."""
    require_loopback(context.settings.public_url)
    for record in await _missing(session, (*ORGANIZATIONS, *POLICIES, *CONTACTS)):
        await facts.publish(session, record)
    newcomers = await _missing(session, ACCOUNTS)
    if newcomers:
        # One salt for all: the password is published, and fourteen hashes would only slow the first start.
        password_hash = await context.passwords.hash(context.settings.demo_password)
        for account in newcomers:
            await create_account(session, account, password_hash)
    await _give_credentials(session, context)


async def _give_credentials(session: Session, context: AccountContext) -> None:
    if not context.account_settings.issues_certificates:
        return
    signing_roles = {role.value for role in credentials.SIGNING_ROLES}
    signers = [
        account
        for account in ACCOUNTS
        if signing_roles & set(account.roles)
        and await queries.fact(session, SigningCredential, account.account_id) is None
    ]
    pin = context.settings.demo_pin
    keys = await asyncio.gather(*(asyncio.to_thread(new_wrapped_key, pin, pepper=context.pepper) for _ in signers))
    for account, key in zip(signers, keys, strict=True):
        await credentials.issue(session, context, account, key)


async def _missing(session: Session, records: Sequence[R]) -> list[R]:
    return [record for record in records if await queries.fact(session, type(record), record.record_id) is None]


def _is_local(public_url: str) -> bool:
    host = urlsplit(public_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
