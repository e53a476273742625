import httpx

from shared.settings import Settings
from tests.integration.gateway.accounts.desk import ORIGIN, PASSWORD, Desk, open_desk

OURS = {"X-Gongzhen": "1", "Origin": ORIGIN}


async def _log_in(browser: httpx.AsyncClient) -> httpx.Response:
    return await browser.post("/v1/auth/session", json={"username": "reader1", "password": PASSWORD})


def _cookies(answer: httpx.Response) -> dict[str, str]:
    return {line.split("=", 1)[0]: line for line in answer.headers.get_list("set-cookie")}


async def test_a_login_sets_two_cookies_that_no_script_reads_and_shows_no_token(desk: Desk) -> None:
    async with desk.browser() as browser:
        answer = await _log_in(browser)
        cookies = _cookies(answer)
        assert set(cookies) == {"gz", "gz_refresh"}
        assert all("HttpOnly" in line and "SameSite=strict" in line for line in cookies.values())
        assert "Path=/v1/auth" in cookies["gz_refresh"]
        assert "Secure" not in cookies["gz"]
        assert set(answer.json()) == {"account_id", "username", "name", "roles", "expires_in"}
        assert (await browser.get("/v1/me")).json()["account_id"] == "acc_reader1"


async def test_cookies_are_secure_behind_https(demo_settings: Settings) -> None:
    settings = demo_settings.model_copy(update={"public_url": "https://localhost"})
    async with open_desk(settings) as desk, desk.browser() as browser:
        assert all("Secure" in line for line in _cookies(await _log_in(browser)).values())


async def test_a_session_is_continued_and_ended_by_our_own_pages_only(desk: Desk) -> None:
    async with desk.browser() as browser:
        await _log_in(browser)
        for headers in ({}, {"X-Gongzhen": "1", "Origin": "http://evil.example"}):
            assert (await browser.post("/v1/auth/session/refresh", headers=headers)).json()["code"] == "csrf_refused"
            assert (await browser.delete("/v1/auth/session", headers=headers)).status_code == 401

        old = browser.cookies["gz_refresh"]
        assert (await browser.post("/v1/auth/session/refresh", headers=OURS)).status_code == 200
        assert browser.cookies["gz_refresh"] != old
        assert (await browser.get("/v1/me")).status_code == 200

        last = browser.cookies["gz_refresh"]
        assert (await browser.delete("/v1/auth/session", headers=OURS)).status_code == 204
        assert not browser.cookies
        assert (await browser.get("/v1/me")).status_code == 401
        replayed = {"Cookie": f"gz_refresh={last}", **OURS}
        assert (await browser.post("/v1/auth/session/refresh", headers=replayed)).status_code == 401


async def test_a_write_by_cookie_needs_the_header(desk: Desk) -> None:
    async with desk.browser() as browser:
        await _log_in(browser)
        pins = {"old": "135790", "new": "246813"}
        assert (await browser.put("/v1/me/signing-credential/pin", json=pins)).json()["code"] == "csrf_refused"
        changed = await browser.put("/v1/me/signing-credential/pin", json=pins, headers=OURS)
        assert changed.status_code == 204


async def test_logging_out_ends_this_session_and_no_other(desk: Desk) -> None:
    async with desk.browser() as here, desk.browser() as there:
        await _log_in(here)
        await _log_in(there)
        await here.delete("/v1/auth/session", headers=OURS)
        assert (await there.get("/v1/me")).status_code == 200
        assert (await there.post("/v1/auth/session/refresh", headers=OURS)).status_code == 200


async def test_a_login_form_of_another_site_cannot_log_anybody_in(desk: Desk) -> None:
    body = b'{"username": "reader1", "password": "demo-gongzhen"}'
    answer = await desk.http.post("/v1/auth/session", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
