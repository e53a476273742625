"""The signing PIN: right, the key is unlocked for a while; wrong, the next try waits longer."""

from shared import audit
from shared.auth import Actor
from shared.errors import TooManyRequests, Unauthenticated
from shared.reading.queries import intake, pins
from shared.reading.workflow.credentials import current_credential
from shared.reading.workflow.desk import Desk
from shared.signing.grants import Grant
from shared.signing.keys import SigningKey, unwrap

_FREE_TRIES = 3
_LONGEST_WAIT_S = 300


async def unlock(desk: Desk, actor: Actor, pin: str, *, address: str = "") -> Grant:
    """Raises Unauthenticated (``wrong_pin``), TooManyRequests, Conflict for a missing or revoked certificate.

    One try at a time an account, whichever process asks: six digits would not outlast parallel guesses.
    """
    key: SigningKey | None = None
    async with desk.db.transaction() as session:
        await intake.take_locks(session, [f"pin/{actor.account_id}"])
        failures, seconds_since = await pins.recent_failures(session, actor.account_id)
        _require_pause(failures, seconds_since)
        credential = await current_credential(session, actor)
        try:
            key = await desk.run(lambda: unwrap(credential.wrapped_key, pin, pepper=desk.pepper))
        except Unauthenticated as error:
            if error.code != "wrong_pin":
                raise
        outcome = "ok" if key is not None else pins.WRONG
        await audit.record(session, actor, pins.ACTION, "account", actor.account_id, outcome=outcome, address=address)
    if key is None:
        raise Unauthenticated("签名密码错误", code="wrong_pin")
    return desk.grants.unlock(actor.account_id, key, credential.serial)


def _require_pause(failures: int, seconds_since: float) -> None:
    """1, 2, 4 … seconds after the third wrong PIN in a row, five minutes at most: slowed, never locked out."""
    if failures < _FREE_TRIES:
        return
    wait_s = min(2 ** (failures - _FREE_TRIES), _LONGEST_WAIT_S)
    if seconds_since < wait_s:
        left_s = int(wait_s - seconds_since) + 1
        raise TooManyRequests("签名密码多次错误，请稍后再试", code="pin_slowed", retry_after_s=left_s)
