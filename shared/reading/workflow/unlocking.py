"""The signing PIN: right, the key is unlocked for a while; wrong, the next try waits longer."""

from shared import audit
from shared.auth import Actor
from shared.errors import GongzhenError, TooManyRequests
from shared.events.directory import SigningCredential
from shared.reading.queries import pins
from shared.reading.workflow.credentials import current_credential
from shared.reading.workflow.desk import Desk
from shared.signing.grants import Grant
from shared.signing.keys import unwrap

_FREE_TRIES = 3
_LONGEST_WAIT_S = 300


async def unlock(desk: Desk, actor: Actor, pin: str, *, address: str = "") -> Grant:
    """Raises Unauthenticated (``wrong_pin``), TooManyRequests (``pin_slowed``), Conflict for a missing or revoked
    certificate.

    One try at a time an account, whichever process asks: six digits would not outlast parallel guesses. A try counts
    as a wrong one from its beginning, so that it need not hold a connection while the key is unwrapped (0.2 s), and
    a process that dies meanwhile has given no guess away.
    """
    credential = await _begin(desk, actor, address)
    try:
        key = await desk.run(lambda: unwrap(credential.wrapped_key, pin, pepper=desk.pepper))
    except GongzhenError as error:
        await _record(desk, actor, error.code, address)
        raise
    await _record(desk, actor, "ok", address)
    return desk.grants.unlock(actor.account_id, key, credential.serial)


async def _begin(desk: Desk, actor: Actor, address: str) -> SigningCredential:
    async with desk.db.transaction() as session:
        if not await pins.try_lock(session, actor.account_id):
            raise _slowed(1)
        tries = await pins.recent_tries(session, actor.account_id)
        if tries.is_under_way:
            raise _slowed(1)
        _require_pause(tries)
        credential = await current_credential(session, actor)
        await audit.record(
            session, actor, pins.ACTION, "account", actor.account_id, outcome=pins.BEGUN, address=address
        )
    return credential


async def _record(desk: Desk, actor: Actor, outcome: str, address: str) -> None:
    async with desk.db.transaction() as session:
        await audit.record(session, actor, pins.ACTION, "account", actor.account_id, outcome=outcome, address=address)


def _require_pause(tries: pins.Tries) -> None:
    """1, 2, 4 … seconds after the third wrong PIN in a row, five minutes at most: slowed, never locked out."""
    if tries.failures < _FREE_TRIES:
        return
    wait_s = min(2 ** (tries.failures - _FREE_TRIES), _LONGEST_WAIT_S)
    if tries.seconds_since < wait_s:
        raise _slowed(int(wait_s - tries.seconds_since) + 1)


def _slowed(retry_after_s: int) -> TooManyRequests:
    return TooManyRequests("签名密码正在核对或多次错误，请稍后再试", code="pin_slowed", retry_after_s=retry_after_s)
