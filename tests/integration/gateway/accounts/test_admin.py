import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared import directory
from shared.db import Database
from tests.integration.gateway.accounts.desk import NEW_PASSWORD, Desk

NEW_READER: dict[str, Any] = {
    "username": "Newcomer",
    "name": "测试新人",
    "org_id": "org_demo_a",
    "roles": ["reader"],
    "centers": ["imaging"],
}


@pytest.fixture
async def admin(desk: Desk) -> dict[str, str]:
    return await desk.bearer("admin1")


ADMINISTRATION = [
    ("GET", "/v1/admin/users"),
    ("POST", "/v1/admin/users"),
    ("GET", "/v1/admin/users/acc_reader1"),
    ("PATCH", "/v1/admin/users/acc_reader1"),
    ("POST", "/v1/admin/users/acc_reader1/password-reset"),
    ("POST", "/v1/admin/users/acc_reader1/revoke"),
    ("POST", "/v1/admin/users/acc_reader1/signing-credential/revoke"),
    ("GET", "/v1/admin/organizations"),
    ("POST", "/v1/admin/organizations"),
    ("GET", "/v1/admin/organizations/org_demo_a"),
    ("PATCH", "/v1/admin/organizations/org_demo_a"),
    ("GET", "/v1/admin/policies"),
    ("PUT", "/v1/admin/policies/org_demo_a/imaging"),
    ("DELETE", "/v1/admin/policies/org_demo_a/imaging"),
    ("GET", "/v1/admin/contacts"),
    ("POST", "/v1/admin/contacts"),
    ("GET", "/v1/admin/contacts/con_demo_a"),
    ("PATCH", "/v1/admin/contacts/con_demo_a"),
    ("DELETE", "/v1/admin/contacts/con_demo_a"),
    ("GET", "/v1/admin/dead-letters"),
    ("GET", "/v1/admin/dead-letters/1"),
    ("POST", "/v1/admin/dead-letters/1/replay"),
    ("GET", "/v1/admin/audit"),
]


async def test_every_administrative_path_stands_in_the_list_above(desk: Desk) -> None:
    documented = {
        (method.upper(), path)
        for path, operations in desk.app.openapi()["paths"].items()
        if path.startswith("/v1/admin/")
        for method in operations
    }
    assert len(documented) == len(ADMINISTRATION)


async def test_who_is_no_administrator_administers_nothing(desk: Desk) -> None:
    reader = await desk.bearer("reader1")
    for method, path in ADMINISTRATION:
        answer = await desk.http.request(method, path, json={}, headers=reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_required"), (method, path)
        assert (await desk.http.request(method, path, json={})).status_code == 401, (method, path)


async def test_an_auditor_reads_the_audit_and_nothing_else(desk: Desk, admin: dict[str, str]) -> None:
    await desk.http.get("/v1/admin/users/acc_reader1", headers=admin)
    auditor = await desk.bearer("auditor1")
    asked = {"account_id": "acc_admin1", "record_id": "acc_reader1", "since": "2026-01-01T00:00:00+08:00"}
    (entry,) = (await desk.http.get("/v1/admin/audit", params=asked, headers=auditor)).json()["items"]
    assert (entry["action"], entry["outcome"]) == ("user.read", "ok")
    assert (await desk.http.get("/v1/admin/users", headers=auditor)).status_code == 403


async def test_the_audit_is_paged_newest_first(desk: Desk, admin: dict[str, str]) -> None:
    for _ in range(4):
        await desk.http.get("/v1/admin/users", headers=admin)
    first = (await desk.http.get("/v1/admin/audit", params={"limit": 2}, headers=admin)).json()
    asked = {"limit": 500, "cursor": first["next_cursor"]}
    second = (await desk.http.get("/v1/admin/audit", params=asked, headers=admin)).json()
    ids = [entry["id"] for entry in (*first["items"], *second["items"])]
    assert (len(first["items"]), len(ids) >= 5) == (2, True)
    assert ids == sorted(ids, reverse=True)


async def test_an_account_is_made_with_a_link_that_sets_its_password_once(desk: Desk, admin: dict[str, str]) -> None:
    made = await desk.http.post("/v1/admin/users", json=NEW_READER, headers=admin)
    assert made.status_code == 201
    assert made.json()["user"]["username"] == "newcomer"
    link = made.json()["password_link"]["link"]
    token = link.split("/password?token=")[1]

    weak = await desk.http.post("/v1/auth/password", json={"token": token, "password": "newcomer-99"})
    assert (weak.status_code, weak.json()["code"]) == (422, "password_weak")
    chosen = {"token": token, "password": NEW_PASSWORD}
    assert (await desk.http.post("/v1/auth/password", json=chosen)).status_code == 204
    assert (await desk.http.post("/v1/auth/password", json=chosen)).json()["code"] == "link_invalid"
    assert (await desk.token("newcomer", NEW_PASSWORD))["access_token"]

    taken = await desk.http.post("/v1/admin/users", json=NEW_READER, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "username_taken")


async def test_the_page_of_a_link_sets_a_password_without_a_script(desk: Desk, admin: dict[str, str]) -> None:
    link = (await desk.http.post("/v1/admin/users/acc_reader1/password-reset", headers=admin)).json()["link"]
    page = await desk.http.get(link)
    assert "<script" not in page.text
    form = {"token": link.split("token=")[1], "password": NEW_PASSWORD}
    assert (await desk.http.post("/password", data=form)).status_code == 200
    assert (await desk.token("reader1", NEW_PASSWORD))["access_token"]


async def test_a_new_password_ends_what_the_old_one_opened_and_an_unused_link_ends_nothing(
    desk: Desk, admin: dict[str, str]
) -> None:
    tokens = await desk.token("reader1")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    path = "/v1/admin/users/acc_reader1/password-reset"
    first = (await desk.http.post(path, headers=admin)).json()["link"].split("token=")[1]
    second = (await desk.http.post(path, headers=admin)).json()["link"].split("token=")[1]
    assert (await desk.http.get("/v1/me", headers=bearer)).status_code == 200

    body = {"token": first, "password": NEW_PASSWORD}
    assert (await desk.http.post("/v1/auth/password", json=body)).json()["code"] == "link_invalid"
    body = {"token": second, "password": NEW_PASSWORD}
    assert (await desk.http.post("/v1/auth/password", json=body)).status_code == 204
    assert (await desk.http.get("/v1/me", headers=bearer)).json()["code"] == "token_revoked"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await desk.http.post("/v1/auth/token", data=form)).status_code == 401


async def test_an_integration_client_is_given_its_secret_once(desk: Desk, admin: dict[str, str]) -> None:
    body = {**NEW_READER, "username": "his2", "roles": ["integration"], "scopes": ["reports:region"]}
    made = (await desk.http.post("/v1/admin/users", json=body, headers=admin)).json()
    form = {"grant_type": "client_credentials", "client_id": "his2", "client_secret": made["client_secret"]}
    assert (await desk.http.post("/v1/auth/token", data=form)).status_code == 200
    shown = await desk.http.get(f"/v1/admin/users/{made['user']['account_id']}", headers=admin)
    assert made["client_secret"] not in shown.text


async def test_a_role_taken_away_ends_the_tokens_that_carry_it_and_a_role_given_does_not(
    desk: Desk, admin: dict[str, str]
) -> None:
    reviewer = await desk.bearer("reviewer1")
    path = "/v1/admin/users/acc_reviewer1"
    more = {"roles": ["reader", "reviewer", "dispatcher"]}
    assert (await desk.http.patch(path, json=more, headers=admin)).status_code == 200
    assert (await desk.http.get("/v1/me", headers=reviewer)).status_code == 200
    await desk.http.patch(path, json={"centers": ["ecg"]}, headers=admin)
    assert (await desk.http.get("/v1/me", headers=reviewer)).json()["code"] == "token_revoked"


async def test_the_last_administrator_stays(desk: Desk, admin: dict[str, str]) -> None:
    for change in ({"active": False}, {"roles": ["auditor"]}):
        answer = await desk.http.patch("/v1/admin/users/acc_admin1", json=change, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert (await desk.http.patch("/v1/admin/users/acc_admin1", json={"name": "新名"}, headers=admin)).is_success


async def test_of_two_administrators_who_close_each_other_one_stays(desk: Desk, admin: dict[str, str]) -> None:
    await desk.http.patch("/v1/admin/users/acc_auditor1", json={"roles": ["admin"]}, headers=admin)
    other = await desk.bearer("auditor1")
    answers = await asyncio.gather(
        desk.http.patch("/v1/admin/users/acc_auditor1", json={"active": False}, headers=admin),
        desk.http.patch("/v1/admin/users/acc_admin1", json={"active": False}, headers=other),
    )
    assert sum(answer.is_success for answer in answers) == 1


async def test_users_are_listed_by_page_organization_role_and_name(desk: Desk, admin: dict[str, str]) -> None:
    async def usernames(**params: str) -> list[str]:
        answer = await desk.http.get("/v1/admin/users", params=params, headers=admin)
        return [item["username"] for item in answer.json()["items"]]

    assert set(await usernames(org_id="org_demo_b")) == {"reader3", "reviewer3"}
    assert set(await usernames(role="technologist")) == {"lab1", "lab2"}
    assert await usernames(username="Reader1") == ["reader1"]
    first = (await desk.http.get("/v1/admin/users", params={"limit": 9}, headers=admin)).json()
    rest = await usernames(cursor=first["next_cursor"])
    assert len({item["username"] for item in first["items"]} | set(rest)) == 14


async def test_an_organization_is_made_and_changed(desk: Desk, admin: dict[str, str], db: Database) -> None:
    body = {"name": "测试新镇卫生院", "org_kind": "clinic", "default_character_set": "GB18030"}
    made = (await desk.http.post("/v1/admin/organizations", json=body, headers=admin)).json()
    path = f"/v1/admin/organizations/{made['org_id']}"
    changed = await desk.http.patch(path, json={"default_character_set": None, "active": False}, headers=admin)
    assert changed.json() == {"org_id": made["org_id"], "name": body["name"], "org_kind": "clinic", "active": False}
    async with db.transaction() as session:
        held = await directory.organization(session, made["org_id"])
    assert held is not None
    assert (held.default_character_set, held.active) == (None, False)
    kinds = await desk.http.get("/v1/admin/organizations", params={"kind": "clinic"}, headers=admin)
    assert len(kinds.json()["items"]) == 4


async def test_a_policy_is_put_and_deleted(desk: Desk, admin: dict[str, str], db: Database) -> None:
    path = "/v1/admin/policies/org_demo_b/ecg"
    body = {"rank": 1, "signatures": "single", "clinics": ["org_demo_clinic3"], "target_s": {"stat": 300}}
    assert (await desk.http.put(path, json=body, headers=admin)).json()["target_s"] == {"stat": 300}
    async with db.transaction() as session:
        (policy,) = [
            each for each in await directory.site_policies(session, "ecg") if each.reading_site_id == "org_demo_b"
        ]
    assert (policy.rank, policy.signatures) == (1, "single")
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert (await desk.http.delete(path, headers=admin)).status_code == 404
    assert len((await desk.http.get("/v1/admin/policies", headers=admin)).json()["items"]) == 5


@pytest.mark.parametrize(
    ("site", "body", "pointer"),
    [
        ("org_nowhere", {}, "/reading_site_id"),
        ("org_demo_clinic1", {}, "/reading_site_id"),
        ("org_demo_a", {"clinics": ["org_demo_clinic1", "org_nowhere"]}, "/clinics/1"),
        ("org_demo_a", {"target_s": {"stat": 0}}, "/target_s/stat"),
        ("org_demo_a", {"rank": 2**70}, "/rank"),
    ],
)
async def test_a_policy_names_hospitals_and_clinics_that_exist(
    desk: Desk, admin: dict[str, str], site: str, body: dict[str, object], pointer: str
) -> None:
    answer = await desk.http.put(f"/v1/admin/policies/{site}/imaging", json=body, headers=admin)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_contact_is_made_changed_and_deleted(desk: Desk, admin: dict[str, str]) -> None:
    body = {"org_id": "org_demo_a", "name": "测试夜班", "phone": "000-00000099", "rank": 2, "center": "lab"}
    made = (await desk.http.post("/v1/admin/contacts", json=body, headers=admin)).json()
    path = f"/v1/admin/contacts/{made['contact_id']}"
    assert (await desk.http.patch(path, json={"phone": "000-1"}, headers=admin)).json()["phone"] == "000-1"
    listed = await desk.http.get("/v1/admin/contacts", params={"org_id": "org_demo_a"}, headers=admin)
    assert [item["name"] for item in listed.json()["items"]] == ["演示甲院值班", "测试夜班"]
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert (await desk.http.get(path, headers=admin)).status_code == 404


ABSENT = [
    ("GET", "/v1/admin/users/acc_nobody"),
    ("PATCH", "/v1/admin/users/acc_nobody"),
    ("POST", "/v1/admin/users/acc_nobody/password-reset"),
    ("POST", "/v1/admin/users/acc_nobody/revoke"),
    ("GET", "/v1/admin/organizations/org_nowhere"),
    ("PATCH", "/v1/admin/organizations/org_nowhere"),
    ("PATCH", "/v1/admin/contacts/con_nobody"),
    ("GET", "/v1/admin/dead-letters/4711"),
    ("POST", "/v1/admin/dead-letters/4711/replay"),
]


async def test_what_is_not_there_is_404(desk: Desk, admin: dict[str, str]) -> None:
    for method, path in ABSENT:
        answer = await desk.http.request(method, path, json={}, headers=admin)
        assert answer.status_code == 404, (method, path)


async def test_every_change_leaves_an_audit_entry_without_a_secret(
    desk: Desk, admin: dict[str, str], db: Database
) -> None:
    body = {**NEW_READER, "password": NEW_PASSWORD}
    made: httpx.Response = await desk.http.post("/v1/admin/users", json=body, headers=admin)
    async with db.transaction() as session:
        query = text("SELECT action, account_id, entry::text FROM core.audit_entry AS entry WHERE record_id = :id")
        rows = (await session.execute(query, {"id": made.json()["user"]["account_id"]})).all()
    assert [(row[0], row[1]) for row in rows] == [("user.create", "acc_admin1")]
    assert not any(NEW_PASSWORD in row[2] for row in rows)
