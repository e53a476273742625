"""A region that is not a demo: nobody is in it, and one link makes the first administrator."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from services.gateway.accounts.setup import LINK_FILE
from shared.settings import Settings
from tests.integration.gateway.accounts.desk import NEW_PASSWORD, Desk, open_desk, settings_for


@pytest.fixture
def settings(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("GONGZHEN_STATE_DIR", str(tmp_path))
    return settings_for(empty_url, tmp_path)


@pytest.fixture
async def new_region(settings: Settings) -> AsyncIterator[Desk]:
    async with open_desk(settings) as opened:
        yield opened


def _token(folder: Path) -> str:
    return (folder / LINK_FILE).read_text().strip().split("token=")[1]


def _body(token: str, **changes: object) -> dict[str, object]:
    organization = {"name": "测试县卫生健康局", "org_kind": "authority"}
    body = {"token": token, "username": "first", "password": NEW_PASSWORD, "name": "测试管理员"}
    return {**body, "organization": organization, **changes}


async def test_no_account_is_made_and_the_link_is_shown_once_to_its_owner_alone(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_desk(settings) as desk, desk.resources.db.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM gateway.login"))).scalar_one() == 0
        stored = (await session.execute(text("SELECT link::text FROM gateway.one_time_link AS link"))).scalar_one()
    assert "token=" in (tmp_path / LINK_FILE).read_text()
    assert "token=" not in capsys.readouterr().out, "standard output is the log where a supervisor runs the gateway"
    assert (tmp_path / LINK_FILE).stat().st_mode & 0o777 == 0o600
    assert _token(tmp_path) not in stored


async def test_the_link_makes_one_administrator_and_is_dead_then(new_region: Desk, tmp_path: Path) -> None:
    token = _token(tmp_path)
    made = await new_region.http.post("/v1/setup", json=_body(token))
    assert made.status_code == 201
    again = await new_region.http.post("/v1/setup", json=_body(token, username="second"))
    assert (again.status_code, again.json()["code"]) == (401, "link_invalid")
    assert not (tmp_path / LINK_FILE).exists()

    bearer = {"Authorization": f"Bearer {(await new_region.token('first', NEW_PASSWORD))['access_token']}"}
    users = (await new_region.http.get("/v1/admin/users", headers=bearer)).json()["items"]
    assert [(user["username"], user["roles"]) for user in users] == [("first", ["admin"])]


async def test_of_two_who_use_the_link_at_once_one_becomes_administrator(new_region: Desk, tmp_path: Path) -> None:
    token = _token(tmp_path)
    answers = await asyncio.gather(
        *(new_region.http.post("/v1/setup", json=_body(token, username=name)) for name in ("first", "second"))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 401]


async def test_of_two_links_used_at_once_one_makes_the_administrator(settings: Settings, tmp_path: Path) -> None:
    async with open_desk(settings):
        first = _token(tmp_path)
    async with open_desk(settings) as desk:
        links = {"first": first, "second": _token(tmp_path)}
        answers = await asyncio.gather(
            *(desk.http.post("/v1/setup", json=_body(token, username=name)) for name, token in links.items())
        )
    assert sorted(answer.status_code for answer in answers) == [201, 401]


async def test_a_refused_form_leaves_the_link_good(new_region: Desk, tmp_path: Path) -> None:
    token = _token(tmp_path)
    weak = await new_region.http.post("/v1/setup", json=_body(token, password="short"))
    assert (weak.status_code, weak.json()["code"]) == (422, "password_weak")
    assert (await new_region.http.post("/v1/setup", json=_body(token))).status_code == 201


async def test_a_link_is_good_for_a_day(new_region: Desk, tmp_path: Path) -> None:
    async with new_region.resources.db.transaction() as session:
        await session.execute(text("UPDATE gateway.one_time_link SET expires_at = expires_at - interval '24 hours'"))
    answer = await new_region.http.post("/v1/setup", json=_body(_token(tmp_path)))
    assert answer.json()["code"] == "link_invalid"


async def test_a_second_start_shows_another_link_and_one_use_ends_both(settings: Settings, tmp_path: Path) -> None:
    async with open_desk(settings):
        first = _token(tmp_path)
    async with open_desk(settings) as desk:
        second = _token(tmp_path)
        assert second != first
        assert (await desk.http.post("/v1/setup", json=_body(first))).status_code == 201
        assert (await desk.http.post("/v1/setup", json=_body(second, username="two"))).status_code == 401
    async with open_desk(settings):
        assert not (tmp_path / LINK_FILE).exists()


async def test_the_page_sets_up_without_a_script(new_region: Desk, tmp_path: Path) -> None:
    page = await new_region.http.get("/setup", params={"token": _token(tmp_path)})
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text
    form = dict(re.findall(r'name="(\w+)"(?: value="([^"]*)")?', page.text))
    form |= {"username": "First", "name": "测试管理员", "password": NEW_PASSWORD, "organization": "测试县卫健局"}
    assert (await new_region.http.post("/setup", data=form)).status_code == 200
    assert (await new_region.token("first", NEW_PASSWORD))["access_token"]


async def test_the_page_says_what_is_wrong_and_quotes_nothing_raw(new_region: Desk) -> None:
    evil = '"><script>alert(1)</script>'
    answer = await new_region.http.post("/setup", data={"token": evil, "username": "x"})
    assert answer.status_code == 422
    assert "<script" not in answer.text
    wrong = {"token": "wrong", "username": "first", "password": NEW_PASSWORD, "name": "甲", "organization": "乙"}
    refused: httpx.Response = await new_region.http.post("/setup", data=wrong)
    assert (refused.status_code, "链接无效" in refused.text) == (401, True)
