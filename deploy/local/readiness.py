"""Ways to see that a child is really ready, each asked again until it says yes."""

from pathlib import Path

import httpx


async def answers_200(url: str) -> bool:
    try:
        # No TLS here, and loading the system's certificates costs 20 ms of a core at each question.
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.get(url, timeout=5)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK


async def is_written(file: Path) -> bool:
    return file.exists()  # noqa: ASYNC240  a local folder
