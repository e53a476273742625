"""Physicians' signing credentials: a key under a PIN that only its holder knows, and the region's certificate of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from services.gateway.accounts import facts, throttle
from services.gateway.accounts.authority import issuing_authority
from services.gateway.accounts.context import AccountContext
from services.gateway.accounts.people import require_account
from services.gateway.queries import accounts as fact_queries
from services.gateway.queries import trust as queries
from shared import audit
from shared.auth import Actor, Role
from shared.clock import utc_now
from shared.db import Session
from shared.errors import Conflict, NotFound, Unauthenticated
from shared.events.directory import Account, Organization, SigningCredential
from shared.signing.authority import issue_physician_certificate
from shared.signing.keys import WrappedKey, check_pin, new_wrapped_key, rewrap
from shared.signing.trust import serial_of

SIGNING_ROLES = (Role.reader, Role.reviewer, Role.technologist)
RENEWABLE_BEFORE_END = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CredentialState:
    """What may be shown of a credential. ``serial``: 40 hexadecimal digits."""

    serial: str
    status: str
    not_after: datetime


async def create(context: AccountContext, actor: Actor, pin: str, address: str) -> CredentialState:
    """A new key and certificate. Raises RoleRequired, Invalid (``pin_weak``), Conflict (``credential_exists``,
    ``issued_elsewhere``). An old certificate that runs out soon stays good beside the new one for what it signed."""
    actor.require(*SIGNING_ROLES)
    check_pin(pin)
    key = await asyncio.to_thread(new_wrapped_key, pin, pepper=context.pepper)
    async with context.db.transaction() as session:
        account = await require_account(session, actor.account_id, for_update=True)
        credential = await issue(session, context, account, key)
        await audit.record(
            session,
            actor,
            "signing_credential.create",
            "account",
            actor.account_id,
            address=address,
            detail={"serial": credential.serial},
        )
    return state_of(credential)


async def issue(session: Session, context: AccountContext, account: Account, key: WrappedKey) -> SigningCredential:
    held = await fact_queries.fact(session, SigningCredential, account.account_id, for_update=True)
    if held is not None and not _is_replaceable(held):
        raise Conflict("已有有效的签名证书", code="credential_exists")
    authority = await issuing_authority(session, context)
    organization = await fact_queries.fact(session, Organization, account.org_id)
    leaf_pem = issue_physician_certificate(
        authority,
        key.public_key_pem,
        account_id=account.account_id,
        name=account.name,
        org_name=organization.name if organization else account.org_id,
    )
    credential = SigningCredential(
        account_id=account.account_id,
        certificate_chain_pem=leaf_pem + authority.chain_pem,
        wrapped_key=key.wrapped,
        serial=serial_of(x509.load_pem_x509_certificate(leaf_pem.encode())),
    )
    await queries.add_certificate(session, credential.serial, account.account_id, credential.certificate_chain_pem)
    await facts.publish(session, credential)
    return credential


async def change_pin(context: AccountContext, actor: Actor, old_pin: str, new_pin: str, address: str) -> None:
    """Raises Unauthenticated (``wrong_pin``), Invalid (``pin_weak``), NotFound; TooManyRequests after wrong ones."""
    check_pin(new_pin)
    key = throttle.attempt_key("pin", actor.account_id)
    async with context.attempts.one_at_a_time(key):
        async with context.db.transaction() as session:
            await throttle.require_open(session, key)
            held = await _usable(session, actor.account_id)
        try:
            rewrapped = await asyncio.to_thread(rewrap, held.wrapped_key, old_pin, new_pin, pepper=context.pepper)
        except Unauthenticated:
            async with context.db.transaction() as session:
                await throttle.count_failure(session, key)
                await _audit_pin(session, actor, address, outcome="wrong_pin")
            raise
        async with context.db.transaction() as session:
            current = await _usable(session, actor.account_id, for_update=True)
            if current != held:
                raise Conflict("签名证书已更换，请重试", code="certificate_replaced")
            await throttle.forget(session, key)
            await facts.publish(session, held.model_copy(update={"wrapped_key": rewrapped.wrapped}))
            await _audit_pin(session, actor, address)


async def revoke(session: Session, account_id: str, reason: str) -> SigningCredential:
    """What it signed before stays valid; it signs nothing more. Raises NotFound. Twice is once."""
    held = await fact_queries.fact(session, SigningCredential, account_id, for_update=True)
    if held is None:
        raise NotFound
    revoked = held.model_copy(update={"status": "revoked"})
    if held.status == "active":
        await queries.revoke_certificate(session, held.serial, reason)
        await facts.publish(session, revoked)
    return revoked


async def state(session: Session, account_id: str) -> CredentialState | None:
    held = await fact_queries.fact(session, SigningCredential, account_id)
    return None if held is None else state_of(held)


def state_of(credential: SigningCredential) -> CredentialState:
    not_after = x509.load_pem_x509_certificate(credential.certificate_chain_pem.encode()).not_valid_after_utc
    status = "expired" if credential.status == "active" and not_after <= utc_now() else credential.status
    return CredentialState(credential.serial, status, not_after)


async def _usable(session: Session, account_id: str, *, for_update: bool = False) -> SigningCredential:
    held = await fact_queries.fact(session, SigningCredential, account_id, for_update=for_update)
    if held is None or held.status != "active":
        raise NotFound("没有有效的签名证书")
    return held


def _is_replaceable(held: SigningCredential) -> bool:
    state = state_of(held)
    return state.status != "active" or state.not_after < utc_now() + RENEWABLE_BEFORE_END


async def _audit_pin(session: Session, actor: Actor, address: str, outcome: str = "ok") -> None:
    await audit.record(
        session, actor, "signing_credential.change_pin", "account", actor.account_id, outcome=outcome, address=address
    )
