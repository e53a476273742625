import asyncio

import httpx
import pytest
from sqlalchemy import text

from services.gateway.accounts import people
from services.gateway.accounts.logins import authenticate
from services.gateway.accounts.sessions import open_session
from shared.db import Database
from shared.errors import Unauthenticated
from tests.integration.gateway.accounts.desk import PASSWORD, Desk


async def _refresh(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.post("/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": token})


async def _me(http: httpx.AsyncClient, access_token: str) -> httpx.Response:
    return await http.get("/v1/me", headers={"Authorization": f"Bearer {access_token}"})


async def test_a_password_gives_a_token_that_says_who_somebody_is(desk: Desk, http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/v1/auth/token", data={"grant_type": "password", "username": "Reader1", "password": PASSWORD}
    )
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)

    me = (await _me(http, body["access_token"])).json()
    assert me["account_id"] == "acc_reader1"
    assert me["organization"] == {"org_id": "org_demo_a", "name": "演示县人民医院", "org_kind": "hospital"}
    assert (me["roles"], me["centers"]) == (["reader"], ["imaging", "ecg", "lab"])
    assert me["signing_credential"]["status"] == "active"


async def test_a_client_shows_its_secret_in_the_form_or_the_header_and_gets_no_refresh_token(desk: Desk) -> None:
    form = {"grant_type": "client_credentials", "client_id": "hospital1", "client_secret": PASSWORD}
    in_form = await desk.http.post("/v1/auth/token", data=form)
    in_header = await desk.http.post(
        "/v1/auth/token", data={"grant_type": "client_credentials"}, auth=("hospital1", PASSWORD)
    )
    for answer in (in_form, in_header):
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()
    assert (await _me(desk.http, in_form.json()["access_token"])).json()["scopes"] == ["reports:region"]


async def test_a_login_on_the_way_does_not_outlive_its_password(desk: Desk) -> None:
    context = desk.app.state.accounts
    proof = await authenticate(context, "reader1", PASSWORD, "192.0.2.1")
    async with context.db.transaction() as session:
        await people.set_password(session, proof.account_id, await context.passwords.hash("another-password"))
    with pytest.raises(Unauthenticated) as refused:
        await open_session(context, proof, "192.0.2.1")
    assert refused.value.code == "bad_credentials"
    assert (await desk.token("reader1", "another-password"))["access_token"]


async def test_client_credentials_are_for_integration_clients_alone(http: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "reader1", "client_secret": PASSWORD}
    answer = await http.post("/v1/auth/token", data=form)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")


async def test_wrong_password_unknown_name_and_closed_account_look_the_same(desk: Desk) -> None:
    headers = await desk.bearer("admin1")
    await desk.http.patch("/v1/admin/users/acc_reader2", json={"active": False}, headers=headers)
    seen = []
    for username, password in (("reader1", "wrong"), ("nobody", "wrong"), ("reader2", PASSWORD)):
        form = {"grant_type": "password", "username": username, "password": password}
        answer = await desk.http.post("/v1/auth/token", data=form)
        body = answer.json()
        del body["correlation_id"]
        seen.append((answer.status_code, body))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == 401
    assert seen[0][1]["code"] == "bad_credentials"


async def test_a_refresh_token_rotates(desk: Desk, http: httpx.AsyncClient) -> None:
    first = await desk.token("reader1")
    second = await _refresh(http, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert (await _me(http, second.json()["access_token"])).status_code == 200
    assert (await _refresh(http, second.json()["refresh_token"])).status_code == 200


async def test_a_refresh_token_shown_twice_ends_the_session_and_the_access_tokens(desk: Desk) -> None:
    first = await desk.token("reader1")
    second = (await _refresh(desk.http, first["refresh_token"])).json()
    third = (await _refresh(desk.http, second["refresh_token"])).json()

    again = await _refresh(desk.http, first["refresh_token"])
    assert (again.status_code, again.json()["code"]) == (401, "bad_refresh_token")
    assert (await _refresh(desk.http, third["refresh_token"])).status_code == 401
    assert (await _me(desk.http, first["access_token"])).json()["code"] == "token_revoked"
    assert (await _me(desk.http, second["access_token"])).json()["code"] == "token_revoked"


async def test_a_refresh_whose_answer_was_lost_may_be_sent_again(desk: Desk) -> None:
    first = await desk.token("reader1")
    lost = (await _refresh(desk.http, first["refresh_token"])).json()
    again = (await _refresh(desk.http, first["refresh_token"])).json()
    assert (await _refresh(desk.http, lost["refresh_token"])).status_code == 401, "only one of the two lives on"
    assert (await _refresh(desk.http, again["refresh_token"])).status_code == 200
    assert (await _me(desk.http, first["access_token"])).status_code == 200, "nobody was logged out"


async def test_a_lost_answer_is_believed_for_half_a_minute_only(desk: Desk) -> None:
    first = await desk.token("reader1")
    await _refresh(desk.http, first["refresh_token"])
    async with desk.resources.db.transaction() as session:
        await session.execute(text("UPDATE gateway.refresh_token SET used_at = used_at - interval '31 seconds'"))
    assert (await _refresh(desk.http, first["refresh_token"])).status_code == 401
    assert (await _me(desk.http, first["access_token"])).json()["code"] == "token_revoked"


async def test_a_login_right_after_a_revocation_gives_a_token_that_works(desk: Desk, http: httpx.AsyncClient) -> None:
    first = await desk.token("reader1")
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    assert (await http.post("/v1/auth/revoke", headers=headers)).status_code == 204
    assert (await _me(http, first["access_token"])).json()["code"] == "token_revoked"
    assert (await _me(http, (await desk.token("reader1"))["access_token"])).status_code == 200


async def test_an_old_stolen_token_cannot_log_the_owner_out_twice(desk: Desk, http: httpx.AsyncClient) -> None:
    stolen = (await desk.token("reader1"))["refresh_token"]
    successor = (await _refresh(http, stolen)).json()["refresh_token"]
    await _refresh(http, successor)
    assert (await _refresh(http, stolen)).status_code == 401
    later = await desk.token("reader1")
    assert (await _refresh(http, stolen)).status_code == 401
    assert (await _me(http, later["access_token"])).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE gateway.refresh_token SET issued_at = issued_at - interval '12 hours'",
        "UPDATE gateway.login_session SET started_at = started_at - interval '7 days'",
    ],
    ids=["idle", "longest"],
)
async def test_a_session_ends_after_twelve_idle_hours_and_after_seven_days(
    desk: Desk, db: Database, statement: str
) -> None:
    tokens = await desk.token("reader1")
    async with db.transaction() as session:
        await session.execute(text(statement))
    assert (await _refresh(desk.http, tokens["refresh_token"])).status_code == 401


async def test_a_new_key_signs_when_the_old_one_has_served_its_time_and_the_old_stays_published(
    desk: Desk, http: httpx.AsyncClient, db: Database
) -> None:
    before = (await http.get("/.well-known/jwks.json")).json()["keys"]
    async with db.transaction() as session:
        await session.execute(text("UPDATE gateway.token_key SET created_at = created_at - interval '31 days'"))
    await desk.token("reader1")
    after = (await http.get("/.well-known/jwks.json")).json()["keys"]
    assert len(before) == 1
    assert [key["kid"] for key in after][1:] == [before[0]["kid"]]
    assert all("d" not in key for key in after)

    async with db.transaction() as session:
        await session.execute(text("UPDATE gateway.token_key SET retired_at = retired_at - interval '2 hours'"))
    assert len((await http.get("/.well-known/jwks.json")).json()["keys"]) == 1


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({}, 422, "invalid"),
        ({"grant_type": "password", "username": "reader1"}, 422, "invalid"),
        ({"grant_type": "client_credentials"}, 422, "invalid"),
        ({"grant_type": "refresh_token", "refresh_token": "nonsense"}, 401, "bad_refresh_token"),
        ({"grant_type": "password", "username": "a\x00b", "password": "x"}, 422, "invalid"),
        ({"grant_type": "password", "username": "x" * 4000, "password": "x"}, 422, "invalid"),
    ],
)
async def test_a_token_request_that_is_wrong_says_how(
    http: httpx.AsyncClient, form: dict[str, str], status: int, code: str
) -> None:
    answer = await http.post("/v1/auth/token", data=form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_refreshes_reuses_and_revocations_at_once_never_wait_for_each_other(desk: Desk) -> None:
    headers = await desk.bearer("admin1")
    for _ in range(5):
        used = (await desk.token("reader1"))["refresh_token"]
        fresh = (await desk.token("reader1"))["refresh_token"]
        await _refresh(desk.http, used)
        answers = await asyncio.gather(
            _refresh(desk.http, used),
            _refresh(desk.http, fresh),
            _refresh(desk.http, fresh),
            desk.http.post("/v1/admin/users/acc_reader1/revoke", headers=headers),
            _refresh(desk.http, used),
        )
        assert {answer.status_code for answer in answers} <= {200, 401}


async def test_of_two_who_show_one_token_at_once_one_keeps_the_session(desk: Desk) -> None:
    token = (await desk.token("reader1"))["refresh_token"]
    answers = await asyncio.gather(*(_refresh(desk.http, token) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    nexts = [answer.json()["refresh_token"] for answer in answers]
    assert sorted([(await _refresh(desk.http, each)).status_code for each in nexts]) == [200, 401]
