"""The gateway's account endpoints in this process, asked over ASGI as the front door would ask."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from services.gateway.accounts.bootstrap import on_start
from services.gateway.accounts.routes import router as accounts_router
from services.gateway.api.admin import router as admin_router
from shared.auth import TokenVerifier
from shared.blobs import MemoryBlobStore
from shared.bus import MemoryBus
from shared.db import Database
from shared.resources import Resources
from shared.settings import Settings
from shared.web import build_app

ORIGIN = "http://127.0.0.1:8080"
PASSWORD = "demo-gongzhen"
PIN = "135790"
NEW_PASSWORD = "a-much-better-one-7"


@dataclass
class Desk:
    app: FastAPI
    http: httpx.AsyncClient
    resources: Resources
    bus: MemoryBus

    async def token(self, username: str, password: str = PASSWORD, **headers: str) -> dict[str, Any]:
        form = {"grant_type": "password", "username": username, "password": password}
        answer = await self.http.post("/v1/auth/token", data=form, headers=headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def bearer(self, username: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {(await self.token(username))['access_token']}"}

    def browser(self) -> httpx.AsyncClient:
        """With a cookie jar of its own."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ORIGIN)


def settings_for(url: str, folder: Path, *, demo: bool = False, public_url: str = ORIGIN) -> Settings:
    return Settings(
        service="gateway",
        database_url=url,
        blobs=folder.as_uri(),
        region_blobs=folder.as_uri(),
        spool_dir=folder,
        jwks_url="http://127.0.0.1:9/",  # nobody answers there: the copy on disk is used
        jwks_cache=folder / "jwks.json",
        public_url=public_url,
        demo=demo,
    )


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    bus = MemoryBus("gateway")
    resources = Resources(
        settings=settings,
        db=Database(settings.database_url, pool_size=3, max_overflow=7),
        bus=bus,
        blobs=MemoryBlobStore("gateway"),
        region_blobs=MemoryBlobStore("region"),
        verifier=TokenVerifier(settings.jwks_url, settings.jwks_cache),
    )
    app = build_app(
        "gateway", "test", settings, [accounts_router, admin_router], resources=resources, on_start=on_start
    )
    transport = httpx.ASGITransport(app)
    try:
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            keys = (await http.get("/.well-known/jwks.json")).json()
            assert settings.jwks_cache is not None
            settings.jwks_cache.write_text(json.dumps(keys))
            yield Desk(app, http, resources, bus)
    finally:
        await resources.close()
