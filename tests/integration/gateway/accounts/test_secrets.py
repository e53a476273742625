import logging

import pytest

from shared.telemetry import JsonFormatter
from tests.integration.gateway.accounts.desk import NEW_PASSWORD, PASSWORD, PIN, Desk


async def test_no_secret_reaches_a_log_line(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = await desk.token("reader1")
    await desk.http.post(
        "/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    )
    await desk.http.post("/v1/auth/session", json={"username": "reader1", "password": "typed-wrong-password"})
    reader, admin = await desk.bearer("reader2"), await desk.bearer("admin1")
    await desk.http.put("/v1/me/signing-credential/pin", json={"old": PIN, "new": "246813"}, headers=reader)
    link = (await desk.http.post("/v1/admin/users/acc_reader1/password-reset", headers=admin)).json()["link"]
    await desk.http.get(link)
    await desk.http.post("/v1/auth/password", json={"token": link.split("token=")[1], "password": NEW_PASSWORD})

    formatter = JsonFormatter("gateway")
    lines = [formatter.format(record) for record in caplog.records] + [capsys.readouterr().out]
    assert any('"/v1/auth/token"' in line for line in lines)
    secrets = (
        PASSWORD, NEW_PASSWORD, "typed-wrong-password", PIN, "246813", link.split("token=")[1],
        tokens["refresh_token"], tokens["access_token"], admin["Authorization"].removeprefix("Bearer "),
    )  # fmt: skip
    for secret in secrets:
        assert not [line for line in lines if secret in line]


async def test_an_own_password_is_changed_by_who_knows_the_old_one(desk: Desk) -> None:
    reader = await desk.bearer("reader1")
    wrong = await desk.http.put("/v1/me/password", json={"old": "wrong", "new": NEW_PASSWORD}, headers=reader)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    body = {"old": PASSWORD, "new": NEW_PASSWORD}
    assert (await desk.http.put("/v1/me/password", json=body, headers=reader)).status_code == 204
    assert (await desk.http.get("/v1/me", headers=reader)).json()["code"] == "token_revoked"
    assert (await desk.token("reader1", NEW_PASSWORD))["access_token"]
