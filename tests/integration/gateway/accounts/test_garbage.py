"""Nothing a client sends makes a 500."""

import json
import re
from typing import Any

import pytest

from tests.integration.gateway.accounts.desk import Desk

BODIES: list[Any] = [
    None,
    [],
    "text",
    12,
    {"username": 1, "password": ["x"], "pin": {}, "old": None, "new": 1e400, "token": "\ud800", "roles": "admin"},
    {"username": "\x00", "password": "\x00", "pin": "\x00\x00\x00\x00\x00\x00", "token": "\x00", "name": "\x00"},
    {
        "name": "x" * 100_000,
        "roles": ["king"],
        "centers": ["x"],
        "rank": 10**400,
        "org_kind": "ship",
        "phone": "\U0001f600",
    },
    {"name": None, "roles": None, "active": None, "centers": None, "org_id": "\udfff", "target_s": {"stat": "NaN"}},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_no_body_makes_a_500(desk: Desk, body: Any) -> None:
    admin = await desk.bearer("admin1")
    raw = json.dumps(body).encode()
    for method, path in _operations(desk):
        if method in {"POST", "PUT", "PATCH"} and "revoke" not in path and "reset" not in path:
            for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x/y"):
                answer = await desk.http.request(method, path, content=raw, headers={**admin, "Content-Type": kind})
                assert answer.status_code < 500, (method, path, kind, answer.text)


@pytest.mark.parametrize("value", ["%F0%9F%98%80", "..%2F..", "a" * 3000, "-1", "99999999999999999999", "%20", "'"])
async def test_no_path_makes_a_500(desk: Desk, value: str) -> None:
    admin = await desk.bearer("admin1")
    for method, path in _operations(desk, value):
        if method == "GET":
            answer = await desk.http.request(method, path, headers=admin)
            assert answer.status_code < 500, (method, path, answer.text)


QUERIES = (
    "limit=0", "limit=-1", "limit=99999999999999999999999", "limit=x", "cursor=%F0%9F%98%80", "cursor=-5",
    "cursor=%00", "cursor=99999999999999999999999", "role=king", "org_id=%ED%A0%80", "since=yesterday",
    "since=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-14:00", "kind=ship", "service=%27",
)  # fmt: skip


async def test_no_query_makes_a_500(desk: Desk) -> None:
    admin = await desk.bearer("admin1")
    for query in QUERIES:
        for method, path in _operations(desk):
            if method == "GET":
                answer = await desk.http.get(f"{path}?{query}", headers=admin)
                assert answer.status_code < 500, (path, query, answer.text)


async def test_a_bad_token_is_401(desk: Desk) -> None:
    for header in (b"Bearer", b"Bearer x", b"Bearer a.b.c", b"Basic eA==", b"Bearer \xff", b"Bearer ..", b"x"):
        answer = await desk.http.get("/v1/me", headers={b"Authorization": header})
        assert answer.status_code == 401, header


async def test_bad_basic_credentials_are_no_500(desk: Desk) -> None:
    for header in ("Basic", "Basic !!!", "Basic /w==", "Basic Og==", "Basic AAAA"):
        form = {"grant_type": "client_credentials"}
        answer = await desk.http.post("/v1/auth/token", data=form, headers={"Authorization": header})
        assert answer.status_code in {400, 401, 422}, (header, answer.text)


def _operations(desk: Desk, value: str = "x") -> list[tuple[str, str]]:
    return [
        (method.upper(), re.sub(r"\{\w+\}", value, path))
        for path, operations in desk.app.openapi()["paths"].items()
        for method in operations
    ]
