"""What the framework refuses by itself has codes of ours, too."""

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from shared.web import problems


def client() -> httpx.AsyncClient:
    app = FastAPI()
    problems.install(app)

    @app.get("/raise/{status}")
    async def refuse(status: int) -> None:
        raise HTTPException(status, "words of the framework", headers={"X-Kept": "yes"})

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_method_that_is_not_there_has_a_stable_code_and_a_chinese_title() -> None:
    async with client() as http:
        answer = await http.delete("/raise/400")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["code"], told["title"], told["status"]) == ("method_not_allowed", "不支持此请求方法", 405)
    assert told["type"] == "urn:gongzhen:error:method_not_allowed"


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "unreadable"), (404, "not_found"), (413, "too_large"), (415, "unsupported_kind"), (406, "http_406")],
)
async def test_other_refusals_of_the_framework_speak_chinese(status: int, code: str) -> None:
    async with client() as http:
        answer = await http.get(f"/raise/{status}")
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert answer.headers["x-kept"] == "yes"
    assert "framework" not in answer.text
    assert not told["title"].isascii()
