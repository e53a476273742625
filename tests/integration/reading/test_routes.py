"""The calls of CONTRACT.md over HTTP: who sees what, which status, which words."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select

from shared.audit import AuditEntry
from shared.auth import Actor, TokenVerifier
from shared.bus import MemoryBus
from shared.errors import Unauthenticated
from shared.reading.routes import ReadingMetrics, reading_router
from shared.resources import Resources
from shared.settings import Settings
from shared.web import build_app
from tests.integration.reading.centre import CLINIC, FORM, PEOPLE, PIN, READER, Centre, PlainForm

STRANGERS = ("clinic2", "reader3")


class NamesAreTokens:
    """Stands in for the token verifier: the bearer token is the username."""

    async def verify(self, token: str) -> Actor:
        if token not in PEOPLE:
            raise Unauthenticated(code="bad_token")
        return PEOPLE[token]


@dataclass(slots=True)
class Door:
    centre: Centre
    http: httpx.AsyncClient

    async def call(self, who: str, method: str, path: str, body: Any = None, **headers: str | None) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        more = {} if body is None else {"json": body}
        return await self.http.request(
            method, f"/imaging/v1{path}", headers={"Authorization": f"Bearer {who}", **named}, **more
        )

    async def post(self, who: str, path: str, body: Any = None, **headers: str | None) -> httpx.Response:
        return await self.call(who, "POST", path, body, **headers)

    async def get(self, who: str, path: str) -> httpx.Response:
        return await self.call(who, "GET", path)

    async def unlock(self, who: str) -> str:
        answer = await self.post(who, "/signing/unlock", {"pin": PIN})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["signing_grant"])

    async def claim(self, who: str, case_id: str, kind: str = "claim") -> str:
        answer = await self.post(who, f"/cases/{case_id}/{kind}")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["claim_token"])

    async def submitted(self) -> str:
        case_id = await self.centre.queued()
        token = await self.claim("reader1", case_id)
        await self.call("reader1", "PUT", f"/cases/{case_id}/report", FORM, Claim_Token=token)
        grant = await self.unlock("reader1")
        answer = await self.post("reader1", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
        assert answer.status_code == 200, answer.text
        return case_id


@pytest.fixture
async def door(centre: Centre) -> AsyncIterator[Door]:
    settings = Settings.model_validate(
        {"database_url": "unused", "blobs": "file:///unused", "region_blobs": "file:///unused", "spool_dir": "unused"}
    )
    blobs = centre.desk.blobs
    resources = Resources(
        settings, centre.db, MemoryBus("imaging"), blobs, blobs, cast(TokenVerifier, NamesAreTokens())
    )
    metrics = ReadingMetrics("imaging")
    app = build_app(
        "imaging",
        "imaging",
        settings,
        [reading_router("imaging", PlainForm(), metrics)],
        resources=resources,
        metric_refreshers=metrics.register,
    )
    app.state.resources = resources
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://imaging") as http:
        yield Door(centre, http)


async def test_a_case_from_claim_to_signature(door: Door) -> None:
    case_id = await door.centre.queued(priority="stat")
    claimed = await door.post("reader1", "/claims/next", {"stage": "report"})
    body = claimed.json()
    assert (claimed.status_code, body["case_id"], body["state"], body["stage"]) == (200, case_id, "claimed", "report")
    assert body["claimed_by"]["name"] == READER.name and body["expires_at"] == body["claim_until"]
    assert body["seconds_left"] <= 600 and body["patient"]["name"] == "测试甲"
    token = body["claim_token"]
    assert (await door.post("reader2", "/claims/next", {"stage": "report"})).status_code == 204

    saved = await door.call("reader1", "PUT", f"/cases/{case_id}/report", FORM, Claim_Token=token)
    assert (saved.status_code, saved.json()["version"], saved.headers["etag"]) == (200, 1, '"1"')
    read = (await door.get("reader1", f"/cases/{case_id}/report")).json()
    assert (read["impression"], read["version"], read["status"]) == (FORM["impression"], 1, "draft")

    grant = await door.unlock("reader1")
    sent = await door.post("reader1", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
    assert (sent.status_code, sent.json()["state"]) == (200, "in_review"), sent.text
    assert sent.headers["signing-grant"] not in ("", grant)

    review_token = await door.claim("reviewer1", case_id, "review-claim")
    grant = await door.unlock("reviewer1")
    signed = await door.post("reviewer1", f"/cases/{case_id}/sign", Claim_Token=review_token, Signing_Grant=grant)
    assert (signed.status_code, signed.json()["status"]) == (200, "final"), signed.text

    shown = (await door.get("clinic1", f"/cases/{case_id}")).json()
    assert shown["report"]["released"] == f"/v1/reports/{signed.json()['report_id']}"
    assert [entry["action"] for entry in shown["timeline"]] == [
        "accept", "queue", "claim", "submit", "claim_review", "sign",
    ]  # fmt: skip
    (version,) = (await door.get("clinic1", f"/cases/{case_id}/report/versions")).json()["versions"]
    assert (version["status"], version["is_signed"], version["author"]["name"]) == ("final", True, READER.name)
    metrics = (await door.http.get("/metrics")).text
    assert 'gongzhen_turnaround_seconds_count{center="imaging",priority="stat"} 1.0' in metrics
    assert 'gongzhen_cases{center="imaging",state="signed"} 1.0' in metrics


async def test_a_second_reader_gets_409_with_who_and_until_when(door: Door) -> None:
    case_id = await door.centre.queued()
    await door.claim("reader1", case_id)
    answer = await door.post("reader2", f"/cases/{case_id}/claim")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "already_claimed")
    assert problem["claimed_by"]["name"] == READER.name and problem["claim_until"]


async def test_an_illegal_step_names_the_state(door: Door) -> None:
    case_id = await door.centre.queued()
    answer = await door.post("reviewer1", f"/cases/{case_id}/sign", Signing_Grant="x")
    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "illegal_transition", "queued")


async def test_a_lost_claim_answers_409_and_lists_the_text_for_its_writer_alone(door: Door) -> None:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    await door.post("dispatcher1", f"/cases/{case_id}/force-release")
    await door.claim("reader2", case_id)
    answer = await door.call("reader1", "PUT", f"/cases/{case_id}/report", FORM, Claim_Token=token)
    assert (answer.status_code, answer.json()["code"]) == (409, "claim_lost")
    kept = (await door.get("reader1", f"/cases/{case_id}/report/recovered")).json()["drafts"]
    assert [draft["form"]["impression"] for draft in kept] == [FORM["impression"]]
    assert (await door.get("reader2", f"/cases/{case_id}/report/recovered")).json() == {"drafts": []}


async def test_what_was_read_may_be_sent_back_as_it_is(door: Door) -> None:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    empty = (await door.get("reader1", f"/cases/{case_id}/report")).json()
    assert (empty["version"], empty["findings"]) == (0, "")
    body = {**empty, "findings": "清晰"}
    answer = await door.call("reader1", "PUT", f"/cases/{case_id}/report", body, Claim_Token=token, If_Match='"0"')
    assert answer.status_code == 200, answer.text
    stale = await door.call("reader1", "PUT", f"/cases/{case_id}/report", body, Claim_Token=token, If_Match='"7"')
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "version_mismatch", 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"findings": "a\x00b"}, 422),
        ({"findings": 5}, 422),
        ({"finding": "x"}, 422),
        ([], 422),
        ({"findings": "x" * 20_001}, 422),
    ],
)
async def test_a_body_that_is_wrong_is_422(door: Door, body: Any, status: int) -> None:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    answer = await door.call("reader1", "PUT", f"/cases/{case_id}/report", body, Claim_Token=token)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"]


async def test_an_incomplete_form_is_422_with_pointers(door: Door) -> None:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    grant = await door.unlock("reader1")
    answer = await door.post("reader1", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
    assert (answer.status_code, answer.json()["code"]) == (422, "report_incomplete")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/findings", "/impression"}


async def test_every_read_serves_its_owner_and_hides_from_strangers(door: Door) -> None:
    case_id = await door.submitted()
    for path in ("", "/report", "/report/versions", "/report/recovered"):
        assert (await door.get("reader1", f"/cases/{case_id}{path}")).status_code == 200
        for stranger in STRANGERS:
            answer = await door.get(stranger, f"/cases/{case_id}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await door.get("reader1", f"/cases/nothing{path}")).status_code == 404


WRITES = (
    "cancel", "claim", "review-claim", "heartbeat", "release", "resume", "submit", "recall", "sign", "preliminary",
    "amendment", "force-release",
)  # fmt: skip


@pytest.mark.parametrize("call", WRITES)
async def test_every_write_hides_from_strangers(door: Door, call: str) -> None:
    case_id = await door.centre.queued()
    for stranger in STRANGERS:
        answer = await door.post(stranger, f"/cases/{case_id}/{call}", Claim_Token="x", Signing_Grant="x")
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("call", [call for call in WRITES if call not in ("cancel", "heartbeat")])
async def test_a_clinic_lacks_the_role_for_what_readers_do(door: Door, call: str) -> None:
    case_id = await door.centre.queued()
    answer = await door.post("clinic1", f"/cases/{case_id}/{call}", Claim_Token="x", Signing_Grant="x")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_required"), answer.text


async def test_a_clinic_sees_no_text_before_it_is_released(door: Door) -> None:
    case_id = await door.submitted()
    answer = await door.get("clinic1", f"/cases/{case_id}/report")
    assert (answer.status_code, answer.json()["code"]) == (404, "report_not_released")
    assert (await door.get("clinic1", f"/cases/{case_id}/report/versions")).json()["versions"] == []
    grant = await door.unlock("reviewer1")
    await door.post("reviewer1", f"/cases/{case_id}/sign", Signing_Grant=grant)
    released = (await door.get("clinic1", f"/cases/{case_id}/report")).json()
    assert (released["impression"], released["kind"], released["status"]) == (FORM["impression"], "released", "final")


async def test_a_clinic_reads_a_preliminary_report_at_once(door: Door) -> None:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    await door.call("reader1", "PUT", f"/cases/{case_id}/report", FORM, Claim_Token=token)
    grant = await door.unlock("reader1")
    issued = await door.post("reader1", f"/cases/{case_id}/preliminary", Claim_Token=token, Signing_Grant=grant)
    assert (issued.status_code, issued.json()["status"]) == (200, "preliminary"), issued.text
    read = (await door.get("clinic1", f"/cases/{case_id}/report")).json()
    assert (read["kind"], read["impression"]) == ("preliminary", FORM["impression"])


async def test_reading_the_case_shows_late_content(door: Door) -> None:
    case_id = await door.centre.queued(accession="A1", contents=("a",))
    token = await door.claim("reader1", case_id)
    await door.call("reader1", "PUT", f"/cases/{case_id}/report", FORM, Claim_Token=token)
    await door.centre.accept(accession="A1", contents=("late",))
    grant = await door.unlock("reader1")
    refused = await door.post("reader1", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
    assert (refused.status_code, refused.json()["code"]) == (409, "content_unseen")
    beat = await door.post("reader1", f"/cases/{case_id}/heartbeat", Claim_Token=token)
    assert beat.json()["content_unseen"] is True
    assert (await door.get("reader1", f"/cases/{case_id}")).json()["content_unseen"] is True
    answer = await door.post("reader1", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
    assert answer.status_code == 200, answer.text


async def test_a_recovered_text_is_its_writers_even_after_a_referral(door: Door) -> None:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    await door.post("reader1", f"/cases/{case_id}/refer", {"to": "org_b", "reason": "专科"}, Claim_Token=token)
    lost = await door.call("reader1", "PUT", f"/cases/{case_id}/report", FORM, Claim_Token=token)
    assert (lost.status_code, lost.json()["code"]) == (409, "claim_lost")
    path = f"/cases/{case_id}/report/recovered"
    mine = await door.get("reader1", path)
    assert [each["form"]["findings"] for each in mine.json()["drafts"]] == [FORM["findings"]]
    assert {who: (await door.get(who, path)).status_code for who in ("reader2", "clinic2", "reader3")} == {
        "reader2": 404, "clinic2": 404, "reader3": 200,
    }  # fmt: skip
    assert (await door.get("reader3", path)).json() == {"drafts": []}
    assert (await door.get("reader1", f"/cases/{case_id}")).status_code == 404


async def test_a_wrong_pin_is_401_and_then_slowed_but_never_locked(door: Door) -> None:
    answers = [await door.post("reader1", "/signing/unlock", {"pin": "000000"}) for _ in range(4)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (401, "wrong_pin"), (401, "wrong_pin"), (401, "wrong_pin"), (429, "pin_slowed"),
    ]  # fmt: skip
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await door.post("reader2", "/signing/unlock", {"pin": PIN})).status_code == 200
    assert (await door.post("clinic1", "/signing/unlock", {"pin": PIN})).json()["code"] == "certificate_missing"


async def test_return_reject_refer_and_priority(door: Door) -> None:
    case_id = await door.submitted()
    assert (await door.post("reviewer1", f"/cases/{case_id}/return", {"comment": " "})).status_code == 422
    returned = await door.post("reviewer1", f"/cases/{case_id}/return", {"comment": "补充左侧"})
    assert (returned.json()["state"], returned.json()["kept_for"]["name"]) == ("queued", READER.name)
    token = await door.claim("reader1", case_id)
    referred = await door.post(
        "reader1", f"/cases/{case_id}/refer", {"to": "org_b", "reason": "专科"}, Claim_Token=token
    )
    assert (referred.status_code, referred.json()["reading_site"]["org_id"]) == (200, "org_b")
    assert (await door.get("reader1", f"/cases/{case_id}")).status_code == 404
    far = await door.claim("reader3", case_id)
    rejected = await door.post(
        "reader3", f"/cases/{case_id}/reject", {"reason": "运动伪影", "comment": "请重拍"}, Claim_Token=far
    )
    assert (rejected.json()["state"], rejected.json()["reason"]) == ("rejected", "运动伪影")
    other = await door.centre.queued()
    raised = await door.post("clinic1", f"/cases/{other}/priority", {"priority": "stat"})
    assert (raised.json()["priority"], raised.json()["seconds_left"] <= 600) == ("stat", True)
    assert (await door.post("clinic1", f"/cases/{other}/priority", {"priority": "now"})).status_code == 422


async def test_what_a_reviewer_tells_the_author_is_not_for_the_clinic(door: Door) -> None:
    case_id = (await door.centre.submitted()).case.case_id
    words = "漏报右上肺结节"
    assert (await door.post("reviewer1", f"/cases/{case_id}/return", {"comment": words})).status_code == 200
    assert words in (await door.get("reader1", f"/cases/{case_id}")).text
    shown = await door.get("clinic1", f"/cases/{case_id}")
    assert shown.status_code == 200 and words not in shown.text
    assert [each["action"] for each in shown.json()["timeline"]][-1] == "return"


async def test_amendment_over_http(door: Door) -> None:
    case_id = await door.submitted()
    grant = await door.unlock("reviewer1")
    await door.post("reviewer1", f"/cases/{case_id}/sign", Signing_Grant=grant)
    opened = await door.post("reader1", f"/cases/{case_id}/amendment")
    assert (opened.status_code, opened.json()["stage"]) == (200, "amendment"), opened.text
    token = opened.json()["claim_token"]
    await door.call("reader1", "PUT", f"/cases/{case_id}/report", {**FORM, "impression": "改"}, Claim_Token=token)
    sent = await door.post(
        "reader1", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=await door.unlock("reader1")
    )
    assert sent.json()["state"] == "amend_review"
    old = (await door.get("clinic1", f"/cases/{case_id}/report")).json()
    assert old["impression"] == FORM["impression"]
    signed = await door.post("reviewer1", f"/cases/{case_id}/sign", Signing_Grant=grant)
    assert (signed.json()["status"], signed.json()["version"]) == ("amended", 2), signed.text
    shown = (await door.get("clinic1", f"/cases/{case_id}/report/versions")).json()["versions"]
    assert [(each["version"], each["status"]) for each in shown] == [(1, "superseded"), (2, "amended")]
    voided = await door.post("reviewer1", f"/cases/{case_id}/void", {"reason": "患者弄错"})
    assert voided.json()["state"] == "voided"


async def test_every_read_and_change_is_audited_without_the_patient(door: Door) -> None:
    case_id = await door.submitted()
    await door.get("clinic1", f"/cases/{case_id}")
    async with door.centre.db.transaction() as session:
        rows = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(row.action, row.account_id) for row in rows if row.record_id == case_id] == [
        ("case.claim", READER.account_id),
        ("report.save", READER.account_id),
        ("report.submit", READER.account_id),
        ("case.read", CLINIC.account_id),
    ]
    assert not any("测试甲" in str(row.detail) for row in rows)


async def test_the_page_documents_every_call(door: Door) -> None:
    page = (await door.http.get("/imaging/openapi.json")).json()
    paths = {path.removeprefix("/imaging/v1") for path in page["paths"] if path.startswith("/imaging/v1")}
    assert {
        f"/cases/{{case_id}}/{call}" for call in (*WRITES, "return", "reject", "refer", "reassign", "void")
    } <= paths
    assert {"/claims/next", "/signing/unlock", "/cases/{case_id}/report", "/cases/{case_id}/priority"} <= paths
    put = page["paths"]["/imaging/v1/cases/{case_id}/report"]["put"]
    assert "impression" in put["requestBody"]["content"]["application/json"]["schema"]["properties"]
