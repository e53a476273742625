"""What the gateway's process keeps for its accounts."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from services.gateway.accounts.config import AccountSettings
from services.gateway.accounts.passwords import Passwords
from services.gateway.accounts.throttle import Attempts
from services.gateway.accounts.vault import Vault
from shared.db import Database
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class AccountContext:
    db: Database
    settings: Settings
    account_settings: AccountSettings
    vault: Vault
    passwords: Passwords = field(default_factory=Passwords)
    attempts: Attempts = field(default_factory=Attempts)

    @classmethod
    def of(cls, db: Database, settings: Settings, account_settings: AccountSettings) -> "AccountContext":
        return cls(db, settings, account_settings, Vault.of_secret(account_settings.keys_secret))

    @property
    def pepper(self) -> bytes:
        """What wraps signing keys beside the PIN; the centres unwrap with the same."""
        return self.settings.pin_pepper.encode()

    @property
    def is_https(self) -> bool:
        return self.settings.public_url.startswith("https://")


async def account_context(request: Request) -> AccountContext:
    return cast(AccountContext, request.app.state.accounts)


CurrentAccounts = Annotated[AccountContext, Depends(account_context)]
