"""The critical-result loop over HTTP: which status, which words, what is audited and measured."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shared.audit import AuditEntry
from shared.auth import SYSTEM
from shared.clock import utc_now
from shared.reading.workflow import criticals
from tests.integration.reading.critical_loop import POTASSIUM
from tests.integration.reading.test_routes import STRANGERS, Door, door

__all__ = ["door"]
FINDING = {"code": "K_HIGH", "text": "血钾 6.8 mmol/L", "value": "6.8", "unit": "mmol/L"}


async def opened(door: Door, **changes: Any) -> str:
    case_id = await door.centre.queued()
    token = await door.claim("reader1", case_id)
    answer = await door.post("reader1", f"/cases/{case_id}/critical", FINDING | changes, Claim_Token=token)
    assert (answer.status_code, answer.json()["state"]) == (200, "notified"), answer.text
    return str(answer.json()["critical_id"])


async def test_the_loop_over_http(door: Door) -> None:
    critical_id = await opened(door)
    own = f"/criticals/{critical_id}"
    shown = (await door.get("clinic1", own)).json()
    assert 0 < shown["seconds_left"] <= 600 and shown["card"]["patient"]["name"] == "测试甲"
    assert [step["action"] for step in shown["timeline"]] == ["open", "notify"]
    wrong = await door.post("clinic1", f"{own}/acknowledge", {"read_back": "8.6"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["misreads"]) == (409, "read_back_wrong", 1)
    assert (await door.get("reader1", own)).json()["misreads"] == 1  # recorded, though refused
    right = await door.post("clinic1", f"{own}/acknowledge", {"read_back": "钾 ６.80"})
    assert (right.status_code, right.json()["state"], right.json()["seconds_left"]) == (200, "acknowledged", None)
    assert (await door.post("clinic1", f"{own}/recall-patient")).json()["patient_recalled_at"] is not None
    assert (await door.post("clinic1", f"{own}/act", {"text": "静推葡萄糖酸钙"})).json()["state"] == "acted"
    closed = (await door.post("reader1", f"{own}/close")).json()
    assert (closed["state"], closed["people"]["acknowledged"]["account_id"]) == ("closed", "acc_clinic1")
    again = await door.post("reader2", f"{own}/verify")
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "illegal_transition", "closed")


async def test_a_suspicion_is_the_reading_sites_until_somebody_verifies_it(door: Door) -> None:
    case_id = await door.centre.queued()
    async with door.centre.db.transaction() as session:
        suspicion = await criticals.find(session, SYSTEM, case_id, POTASSIUM)
    listed = (await door.get("reader1", f"/cases/{case_id}/criticals")).json()["criticals"]
    assert [(each["critical_id"], each["rule"], each["numbers"]) for each in listed] == [
        (suspicion.critical_id, "K>6.2", {"limit": 6.2})
    ]
    assert (await door.get("clinic1", f"/cases/{case_id}/criticals")).json()["criticals"] == []
    assert (await door.get("clinic1", f"/criticals/{suspicion.critical_id}")).status_code == 404
    assert (await door.post("reader1", f"/criticals/{suspicion.critical_id}/verify")).json()["state"] == "notified"
    assert len((await door.get("clinic1", f"/cases/{case_id}/criticals")).json()["criticals"]) == 1


async def test_a_telephone_call(door: Door) -> None:
    own = f"/criticals/{await opened(door)}"
    told_at = utc_now() - timedelta(minutes=2)
    call = {"told": "测试护士", "told_at": told_at.isoformat(), "read_back": "血钾6.8"}
    assert (await door.post("clinic1", f"{own}/telephone", call)).json()["code"] == "role_required"
    missed = await door.post("reader1", f"{own}/telephone", {"told": "值班室", "told_at": told_at.isoformat()})
    assert (missed.status_code, missed.json()["state"], missed.json()["unreached"]) == (200, "notified", 1)
    done = (await door.post("reader1", f"{own}/telephone", call)).json()
    assert (done["state"], done["telephoned"], done["told"]) == ("acknowledged", True, "测试护士")
    assert done["acknowledged_at"] < done["entered_at"]
    late = await door.post("reader1", f"{own}/telephone", {**call, "told_at": "2999-01-01T00:00:00Z"})
    assert late.status_code == 409


async def test_strangers_find_nothing(door: Door) -> None:
    critical_id = await opened(door)
    case_id = (await door.get("reader1", f"/criticals/{critical_id}")).json()["case_id"]
    for who in STRANGERS:
        for path in (f"/criticals/{critical_id}", f"/cases/{case_id}/criticals"):
            assert (await door.get(who, path)).status_code == 404, (who, path)
        for path, body in (
            (f"/cases/{case_id}/critical", FINDING),
            (f"/criticals/{critical_id}/acknowledge", {"read_back": "6.8"}),
            (f"/criticals/{critical_id}/act", {"text": "x"}),
            (f"/criticals/{critical_id}/close", None),
            (f"/criticals/{critical_id}/false-alarm", {"reason": "x"}),
        ):
            assert (await door.post(who, path, body)).status_code == 404, (who, path)
    assert (await door.get("reader1", "/criticals/crit_none")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("acknowledge", {"read_back": " "}),
        ("acknowledge", {"read_back": "6" * 501}),
        ("acknowledge", {"read_back": "6\x00"}),
        ("acknowledge", {}),
        ("act", {"text": ""}),
        ("false-alarm", {}),
        ("telephone", {"told": "x", "told_at": "2026-11-21T10:00:00", "read_back": "6.8"}),
        ("telephone", {"told": "x", "told_at": "0001-01-01T00:00:00+08:00", "read_back": "6.8"}),
        ("telephone", {"told": "x", "told_at": "9999-12-31T23:59:59-08:00", "read_back": "6.8"}),
    ],
)
async def test_what_is_no_answer_is_refused_and_never_a_fault(door: Door, path: str, body: dict[str, Any]) -> None:
    who = "clinic1" if path in ("acknowledge", "act") else "reader1"
    answer = await door.post(who, f"/criticals/{await opened(door)}/{path}", body)
    assert answer.status_code == 422, answer.text


async def test_every_look_and_step_is_audited_and_counted(door: Door) -> None:
    critical_id = await opened(door)
    await door.get("clinic1", f"/criticals/{critical_id}")
    await door.post("clinic1", f"/criticals/{critical_id}/acknowledge", {"read_back": "8.6"})
    async with door.centre.db.transaction() as session:
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.record_id == critical_id))
        assert [(each.action, each.account_id) for each in entries] == [
            ("critical.read", "acc_clinic1"),
            ("critical.acknowledge", "acc_clinic1"),
        ]
    metrics = (await door.http.get("/metrics")).text
    assert 'gongzhen_criticals{center="imaging",state="notified"} 1.0' in metrics
    assert 'gongzhen_critical_steps{center="imaging",step="misread"} 1.0' in metrics
    assert 'gongzhen_criticals_late{center="imaging"} 0.0' in metrics
