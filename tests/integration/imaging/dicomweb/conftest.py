"""The imaging centre behind a real socket, for clients that speak DICOMweb by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from dicomweb_client import DICOMwebClient
from requests import Session

from deploy.local.ports import choose_free_port
from services.imaging.app import create_app
from services.imaging.settings import ImagingSettings
from tests.integration.imaging.conftest import Centre

R = TypeVar("R")


@dataclass(slots=True)
class Web:
    """``root`` is the DICOMweb root of a server that knows the people of ``Centre``."""

    origin: str
    centre: Centre
    http: httpx.AsyncClient

    @property
    def root(self) -> str:
        return f"{self.origin}/dicomweb"

    async def get(
        self, path: str, username: str = "clinic1", accept: str | None = None, **headers: str
    ) -> httpx.Response:
        """``path`` below the DICOMweb root, or an absolute URL."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        if accept is not None:
            named["Accept"] = accept
        url = path if path.startswith("http") else f"{self.root}{path}"
        return await self.http.get(url, headers={"Authorization": f"Bearer {username}", **named})

    def client(self, username: str = "clinic1") -> DICOMwebClient:
        session = Session()
        session.trust_env = False
        return DICOMwebClient(self.root, session=session, headers={"Authorization": f"Bearer {username}"})

    async def ask(self, call: Callable[[DICOMwebClient], R], username: str = "clinic1") -> R:
        """The client blocks: it runs in a thread beside the server's loop."""
        return await asyncio.to_thread(lambda: call(self.client(username)))


@pytest.fixture
async def web(centre: Centre) -> AsyncIterator[Web]:
    settings = centre.resources.settings
    assert isinstance(settings, ImagingSettings)
    port = choose_free_port()
    settings.public_url = f"http://127.0.0.1:{port}"
    config = uvicorn.Config(
        create_app(settings, centre.resources), host="127.0.0.1", port=port, log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    origin = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        yield Web(origin, centre, http)
    server.should_exit = True
    await serving


Json = dict[str, Any]
