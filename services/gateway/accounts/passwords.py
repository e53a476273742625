"""argon2id, in threads and a few at a time: each hash takes 64 MiB and some 50 ms of one core."""

import asyncio
import secrets
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import FieldProblem, Invalid

MIN_LENGTH = 10
MAX_LENGTH = 256
_AT_ONCE = 4


@dataclass(slots=True)
class Passwords:
    """RFC 9106's second recommended parameters (argon2-cffi's defaults)."""

    _hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _nobodys: str = ""

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """As slow for nobody's password as for somebody's, so that the time does not tell who has an account."""
        if stored is None:
            self._nobodys = self._nobodys or await self.hash(secrets.token_hex(16))
        async with self._turns:
            matches = await asyncio.to_thread(self._matches, stored or self._nobodys, password)
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str, username: str) -> None:
    """Length counts, not kinds of characters (NIST SP 800-63B §3.1.1.2). Raises Invalid (``password_weak``)."""
    if len(password) < MIN_LENGTH or len(set(password)) < 4 or username.casefold() in password.casefold():
        detail = f"密码至少 {MIN_LENGTH} 位，不能为重复字符，也不能包含用户名"
        raise Invalid(detail, code="password_weak", errors=[FieldProblem("/password", "password_weak", detail)])
