"""A signed report: verified before it is kept, served to whom it belongs, alarmed when it does not verify."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.auth import Actor
from shared.blobs import MemoryBlobStore
from shared.bus import MemoryBus
from shared.events.envelope import Envelope
from shared.signing.document import ReportDocument, SignerRole
from shared.signing.jws import add_signature, dump_jws, load_jws, sign_author
from tests.integration.gateway.region import (
    AUDITOR,
    CLINIC,
    FOREIGN_READER,
    HOSPITAL,
    OTHER_CLINIC,
    READER,
    TECHNOLOGIST,
    Region,
    Signers,
    amended,
    held_by,
    report,
    snapshot,
    stored,
    void_event,
    with_patient,
)
from tests.unit.signing.people import now
from tests.unit.signing.sheets import certified, countersigned


async def sheet(signers: Signers, document: ReportDocument) -> bytes:
    """In a thread: pyHanko runs an event loop of its own."""

    def sign() -> bytes:
        return countersigned(certified(document, signers.author, now()), signers.reviewer, now())

    return await asyncio.to_thread(sign)


async def released(region: Region, document: ReportDocument, **changes: Any) -> None:
    await region.release(document, **changes)
    await region.settled()


async def test_a_report_is_served_as_signed_while_the_centres_store_is_away(nats_region: Region) -> None:
    document = report()
    pdf = await sheet(nats_region.signers, document)
    await released(nats_region, document, pdf=pdf)
    region_store = nats_region.resources.region_blobs
    assert isinstance(region_store, MemoryBlobStore)
    region_store.is_available = False
    path = f"/v1/reports/{document.report_id}"
    body = (await nats_region.get(CLINIC, path)).json()
    assert body["findings"] == "双肺纹理清晰。"
    assert body["patient"]["name"] == "测试甲"
    assert (body["author"]["name"], body["reviewer"]["name"]) == ("测试医师甲", "测试医师乙")
    assert (body["status"], body["version"], body["turnaround_seconds"]) == ("final", 1, 540)
    assert (body["critical"], body["recognition"], body["superseded_by"]) == ([], None, None)
    assert body["sha256"] == document.sha256()
    served = await nats_region.get(CLINIC, f"{path}.pdf")
    assert served.content == pdf
    assert served.headers["content-type"] == "application/pdf"
    assert "filename*=UTF-8''%E6%A3%80" in served.headers["content-disposition"]
    assert "%E6%B5%8B%E8%AF%95" not in served.headers["content-disposition"]  # 测试, the patient's name
    signed = await nats_region.get(CLINIC, f"{path}.jws")
    assert signed.headers["content-type"] == "application/jose+json"
    assert len(load_jws(signed.content)["signatures"]) == 2


async def test_strangers_get_404_on_every_form_of_it(region: Region) -> None:
    document = report()
    await released(region, document, pdf=await sheet(region.signers, document))
    for suffix in ("", ".pdf", ".jws", "/versions"):
        path = f"/v1/reports/{document.report_id}{suffix}"
        for actor in (CLINIC, READER, HOSPITAL):
            assert (await region.get(actor, path)).status_code == 200
        for actor in (OTHER_CLINIC, FOREIGN_READER):
            answer = await region.get(actor, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await region.get(AUDITOR, path)).status_code == 403
        assert (await region.get(None, path)).status_code == 401
        assert (await region.get(CLINIC, f"/v1/reports/rep_unknown{suffix}")).status_code == 404


async def test_a_site_reads_reports_of_the_centres_its_people_work_for(region: Region) -> None:
    document = report()
    await released(region, document)
    assert (await region.get(READER, f"/v1/reports/{document.report_id}")).status_code == 200
    for path in ("", ".jws", "/versions"):
        assert (await region.get(TECHNOLOGIST, f"/v1/reports/{document.report_id}{path}")).status_code == 404
    feed = await region.get(TECHNOLOGIST, "/v1/reports")
    assert (feed.status_code, feed.json()["reports"]) == (200, [])


async def test_an_etag_spares_the_second_answer(region: Region) -> None:
    document = report()
    await released(region, document)
    path = f"/v1/reports/{document.report_id}"
    for each in (path, f"{path}.jws"):
        first = await region.get(CLINIC, each)
        async with region.client(CLINIC) as client:
            again = await client.get(each, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
            assert (again.status_code, again.content) == (304, b"")
    etag = (await region.get(CLINIC, path)).headers["etag"]
    await released(region, amended(document))
    assert (await region.get(CLINIC, path)).headers["etag"] != etag
    assert (await region.get(CLINIC, f"{path}.pdf")).json()["code"] == "no_pdf"


async def test_an_amendment_supersedes_and_the_old_text_stays_readable(region: Region) -> None:
    document = report()
    await released(region, document)
    await released(region, amended(document, "右肺结节。"))
    path = f"/v1/reports/{document.report_id}"
    newest, first = (await region.get(CLINIC, path)).json(), (await region.get(CLINIC, path, version=1)).json()
    assert (newest["version"], newest["status"], newest["impression"]) == (2, "amended", "右肺结节。")
    assert newest["amends"]["reason"] == "补充所见"
    assert (first["status"], first["superseded_by"], first["impression"]) == ("final", 2, "心肺膈未见明显异常。")
    versions = (await region.get(CLINIC, f"{path}/versions")).json()["versions"]
    assert [(each["version"], each["superseded_by"]) for each in versions] == [(1, 2), (2, None)]
    assert (await region.get(CLINIC, path, version=3)).status_code == 404
    assert (await region.get(CLINIC, path, version=0)).status_code == 422


async def test_an_ecgs_measurements_stand_beside_the_fixed_fields(region: Region) -> None:
    content = {"heart_rate_bpm": 72, "qtcb_ms": 410, "impression": "窦性心律", "status": "not ours"}
    document = report(center="ecg", content=content)
    await released(region, document)
    body = (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).json()
    assert (body["heart_rate_bpm"], body["qtcb_ms"], body["impression"]) == (72, 410, "窦性心律")
    assert body["status"] == "final"


async def _refused(region: Region, event: Envelope) -> str:
    """The code under which the alarm stands."""
    await region.publish(event)
    async with asyncio.timeout(10):
        while True:
            async with region.db.transaction() as session:
                code = (await session.execute(text("SELECT code FROM gateway.report_refusal"))).scalar_one_or_none()
            if code is not None:
                return str(code)
            await asyncio.sleep(0.02)


async def _with_jws(region: Region, document: ReportDocument, jws: bytes) -> Envelope:
    ref = stored(await region.resources.region_blobs.put(jws))
    return await region.released_event(document, jws=ref)


@pytest.mark.parametrize("fault", ["altered", "one_signature", "foreign_authority", "other_report", "other_pdf"])
async def test_what_does_not_verify_is_not_served_and_alarms(region: Region, fault: str) -> None:
    document, other = report(), report()
    if fault == "altered":
        jws = json.loads(region.sign(document))
        jws["payload"] = json.loads(region.sign(other))["payload"]
        event, expected = await _with_jws(region, document, json.dumps(jws).encode()), "jws_not_intact"
    elif fault == "one_signature":
        half = dump_jws(sign_author(document.canonical(), region.signers.author, now()))
        event, expected = await _with_jws(region, document, half), "jws_reviewer_missing"
    elif fault == "foreign_authority":
        foreign = Signers()
        jws = sign_author(document.canonical(), foreign.author, now())
        jws = add_signature(jws, foreign.reviewer, SignerRole.REVIEWER, now())
        event, expected = await _with_jws(region, document, dump_jws(jws)), "jws_untrusted_signer"
    elif fault == "other_report":
        event = await region.released_event(document, payload_sha256=None)
        event.data["report"]["report_id"] = "rep_passed_off"
        expected = "statement_mismatch"
    else:
        event = await region.released_event(document, pdf=await sheet(region.signers, other))
        expected = "pdf_mismatch"
    assert await _refused(region, event) == expected
    assert (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).status_code == 404
    assert (await region.get(CLINIC, "/v1/reports")).json()["reports"] == []
    metrics = (await region.get(None, "/metrics")).text
    assert 'gongzhen_reports_refused{center="imaging"} 1.0' in metrics


async def test_a_file_that_is_late_is_waited_for(region: Region) -> None:
    """RetryLater without end: the event never becomes a dead letter, and those behind it do not wait."""
    late, prompt = report(), report()
    event = await region.released_event(late)
    store = region.resources.region_blobs
    key = event.data["report"]["jws"]["key"]
    assert isinstance(store, MemoryBlobStore)
    held = store._objects.pop(key)  # the fake's own shelf: the object arrives later under the same name
    await region.publish(event)
    await region.publish(await region.released_event(prompt))
    assert await _report_appears(region, prompt) == 200
    assert (await region.get(CLINIC, f"/v1/reports/{late.report_id}")).status_code == 404
    store._objects[key] = held
    assert await _report_appears(region, late) == 200
    bus = region.resources.bus
    assert isinstance(bus, MemoryBus)
    assert (await bus.list_dead()).items == []


async def _report_appears(region: Region, document: ReportDocument) -> int:
    async with asyncio.timeout(15):
        while (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).status_code == 404:
            await asyncio.sleep(0.05)
    return (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).status_code


async def test_a_centre_cannot_speak_for_another(region: Region) -> None:
    document = report(center="ecg")
    event = await region.released_event(document)
    forged = event.model_copy(update={"type": "imaging.report.signed.v1"})
    await region.publish(forged)
    bus = region.resources.bus
    async with asyncio.timeout(5):
        while (await bus.pending("IMAGING", "gateway_reports_imaging")).unsettled == 0:
            await asyncio.sleep(0.01)
    assert (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).status_code == 404


async def prior(region: Region, actor: Actor, case_id: str) -> httpx.Response:
    return await region.get(actor, f"/v1/cases/{case_id}/prior")


VALID_ID, BAD_ID = "11010519491231002X", "110105194912310021"


async def test_priors_are_of_the_same_person_and_for_the_holder_only(region: Region) -> None:
    same_clinic = report()
    same_citizen = report(
        center="lab",
        clinic={"id": "org_clinic2", "name": "示例乙镇卫生院"},
        reading_site={"id": "org_b", "name": "示例县中医院"},
        patient={"id": "X9", "issuer": "org_clinic2", "name": "测试甲", "national_id": VALID_ID.lower()},
    )
    namesake = report(
        clinic={"id": "org_clinic2", "name": "示例乙镇卫生院"},
        patient={"id": "P1", "issuer": "org_clinic2", "name": "测试甲", "national_id": BAD_ID},
    )
    case = with_patient(snapshot(**held_by(READER), state="claimed"), national_id=VALID_ID)
    own = report(case_id=case.case_id)
    for document in (same_clinic, same_citizen, namesake, own):
        await released(region, document)
    await region.tell("claimed", case.model_copy(update={"case_version": 50}))
    await region.settled()
    found = (await prior(region, READER, case.case_id)).json()["reports"]
    assert {each["report_id"] for each in found} == {same_clinic.report_id, same_citizen.report_id}
    assert (await prior(region, AUDITOR, case.case_id)).status_code == 403
    assert (await region.get(READER, f"/v1/reports/{same_citizen.report_id}")).status_code == 200
    assert (await region.get(READER, f"/v1/reports/{same_citizen.report_id}.jws")).status_code == 200
    expired = case.model_copy(update={"case_version": 51, "holder": None, "state": "queued"})
    await region.tell("released", expired)
    await region.settled()
    answer = await prior(region, READER, case.case_id)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_holder")
    assert (await region.get(READER, f"/v1/reports/{same_citizen.report_id}")).status_code == 404


async def test_priors_of_strangers_cases_are_404(region: Region) -> None:
    case = snapshot(**held_by(READER), state="claimed")
    await region.tell("claimed", case)
    await region.settled()
    for actor in (CLINIC, OTHER_CLINIC, FOREIGN_READER):
        assert (await prior(region, actor, case.case_id)).status_code == 404
    assert (await prior(region, READER, "case_unknown")).status_code == 404
    unknown = with_patient(
        snapshot(**held_by(READER), state="claimed"), id="无名氏", unknown=True, national_id=VALID_ID
    )
    await released(region, report(patient={"id": "无名氏", "issuer": "org_clinic1", "name": "", "unknown": True}))
    await region.tell("claimed", unknown)
    await region.settled()
    assert (await prior(region, READER, unknown.case_id)).json()["reports"] == []


async def test_a_voided_report_is_no_prior(region: Region) -> None:
    document = report()
    await released(region, document)
    await region.publish(void_event(document))
    case = snapshot(**held_by(READER), state="claimed")
    await region.tell("claimed", case)
    await region.settled()
    assert (await prior(region, READER, case.case_id)).json()["reports"] == []
