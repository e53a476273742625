"""What a start of the gateway makes where it is missing: token keys, the authority, the first link or the demo."""

import asyncio

from fastapi import FastAPI

from services.gateway.accounts.authority import ensure_authority, roots_pem
from services.gateway.accounts.config import AccountSettings
from services.gateway.accounts.context import AccountContext
from services.gateway.accounts.demo import refuse_demo_accounts, seed_demo
from services.gateway.accounts.setup import offer_setup, show_link
from services.gateway.accounts.tokens import ensure_signing_key
from services.gateway.queries import sessions
from services.gateway.queries.accounts import lock_start
from shared.db import Database
from shared.resources import Resources
from shared.settings import Settings
from shared.worker import Loop, every

# For `gongzhen verify` on the region's own machine.
ROOTS_FILE = "region-roots.pem"
_SWEEP_S = 3600.0


async def on_start(app: FastAPI) -> None:
    resources: Resources = app.state.resources
    app.state.accounts = await start(resources.db, resources.settings, AccountSettings())


async def start(db: Database, settings: Settings, account_settings: AccountSettings) -> AccountContext:
    """Idempotent, and safe in several processes at once. Raises Invalid for keys that cannot be read, Unavailable
    (``demo_refused``) for a demo region, or what was one, behind a public address."""
    context = AccountContext.of(db, settings, account_settings)
    link = None
    async with db.transaction() as session:
        await lock_start(session)
        await ensure_signing_key(session, context.vault)
        await ensure_authority(session, context)
        if settings.demo:
            await seed_demo(session, context)
        else:
            await refuse_demo_accounts(session, settings.public_url)
            link = await offer_setup(session, context)
        roots = await roots_pem(session)
    if account_settings.state_dir is not None:
        await asyncio.to_thread((account_settings.state_dir / ROOTS_FILE).write_text, roots, "utf-8")
    if link is not None:
        show_link(link, account_settings.state_dir)
    return context


def account_loops(resources: Resources) -> list[Loop]:
    """For the gateway's worker: forget sessions, failures and links that can no longer be used."""
    return [every("session-sweep", _SWEEP_S, lambda: _sweep(resources.db))]


async def _sweep(db: Database) -> None:
    async with db.transaction() as session:
        await sessions.sweep(session)
