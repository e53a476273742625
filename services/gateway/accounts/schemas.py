"""Bodies of the account endpoints. Lengths are bounded so that nothing typed costs more than a moment."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from services.gateway.accounts.passwords import MAX_LENGTH
from services.gateway.accounts.people import USERNAME
from shared.events.directory import OrgKind
from shared.events.part import Part


def _username(text: str) -> str:
    lowered = text.casefold()
    if not USERNAME.match(lowered):
        raise ValueError("用户名为 2–63 位小写字母、数字、点、下划线或连字符")
    return lowered


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Username = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_username)]
TypedName = Annotated[str, Field(min_length=1, max_length=128)]
Password = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)]
Pin = Annotated[str, Field(min_length=1, max_length=32)]
OpaqueToken = Annotated[str, Field(min_length=1, max_length=256)]


class TokenForm(Part):
    """RFC 6749 §4.3, §4.4, §6. Which fields are needed depends on ``grant_type``."""

    grant_type: Annotated[str, Field(max_length=64)]
    username: TypedName | None = None
    password: Password | None = None
    client_id: TypedName | None = None
    client_secret: Password | None = None
    refresh_token: OpaqueToken | None = None


class TokenAnswer(Part):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind, not a token
    expires_in: int
    refresh_token: str | None = None


class LoginBody(Part):
    username: TypedName
    password: Password


class SessionAnswer(Part):
    """What a page may know: the tokens themselves are in cookies that no script reads."""

    account_id: str
    username: str
    name: str
    roles: list[str]
    expires_in: int


class OrganizationBody(Part):
    name: Name
    org_kind: OrgKind = OrgKind.authority


class SetupBody(Part):
    token: OpaqueToken
    username: Username
    password: Password
    name: Name
    organization: OrganizationBody


class NewPasswordBody(Part):
    token: OpaqueToken
    password: Password


class ChangePasswordBody(Part):
    old: Password
    new: Password


class PinBody(Part):
    pin: Pin


class ChangePinBody(Part):
    old: Pin
    new: Pin


class CredentialAnswer(Part):
    serial: str
    status: Literal["active", "revoked", "expired"]
    not_after: datetime


class MyOrganization(Part):
    org_id: str
    name: str
    org_kind: OrgKind | None = None


class MeAnswer(Part):
    account_id: str
    username: str
    name: str
    organization: MyOrganization
    roles: list[str]
    centers: list[str]
    scopes: list[str]
    signing_credential: CredentialAnswer | None = None


class CertificateAnswer(Part):
    serial: str
    status: Literal["good", "revoked"]
    issued_at: datetime
    revoked_at: datetime | None = None
