"""Where the services' databases are: named by variables, else those of a running local region."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from deploy.local.problems import CannotStart


def database_urls(state: Path, services: Iterable[str]) -> dict[str, str]:
    """``GONGZHEN_<SERVICE>_DATABASE_URL`` where set, else by ``state``'s ports.json and secrets.json.

    Raises CannotStart when neither is there. A local region has to be running: its PostgreSQL is part of it.
    """
    urls = {}
    for service in services:
        named = os.environ.get(f"GONGZHEN_{service.upper()}_DATABASE_URL")
        urls[service] = named or _local_url(state, service)
    return urls


def _local_url(state: Path, service: str) -> str:
    try:
        port = json.loads((state / "ports.json").read_text("utf-8"))["postgres"]
        password = json.loads((state / "secrets.json").read_text("utf-8"))["postgres"][service]
    except (OSError, KeyError, ValueError) as error:
        raise CannotStart(
            f"{state} 没有本机区域；请用 --state 或 GONGZHEN_{service.upper()}_DATABASE_URL 指明数据库"
            f" / no local region in {state}: name the database"
        ) from error
    return f"postgresql+asyncpg://{service}:{password}@127.0.0.1:{port}/{service}"
