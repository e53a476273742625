"""Verification of a file that somebody hands in, and the page behind the QR code."""

import json
from typing import Any

import pytest

from services.gateway.api.verdict import Verifier
from shared.errors import Invalid
from tests.integration.gateway.region import CLINIC, Region, Signers, amended, report, void_event
from tests.integration.gateway.test_reports import released, sheet

Answer = tuple[int, dict[str, Any]]


async def verify(region: Region, data: bytes, media_type: str = "application/octet-stream") -> Answer:
    async with region.client() as client:
        answer = await client.post("/v1/reports/verify", content=data, headers={"Content-Type": media_type})
    return answer.status_code, answer.json()


async def test_a_released_sheet_and_statement_are_valid_and_registered(region: Region) -> None:
    document = report()
    pdf = await sheet(region.signers, document)
    await released(region, document, pdf=pdf)
    status, verdict = await verify(region, pdf, "application/pdf")
    assert status == 200, verdict
    assert (verdict["valid"], verdict["trust"], verdict["registered"]) == (True, "development", True)
    assert (verdict["report_id"], verdict["version"], verdict["superseded_by"]) == (document.report_id, 1, None)
    assert verdict["problems"] == []
    assert "测试甲" not in json.dumps(verdict, ensure_ascii=False)
    jws = (await region.get(CLINIC, f"/v1/reports/{document.report_id}.jws")).content
    async with region.client() as client:
        answer = await client.post("/v1/reports/verify", files={"file": ("报告.jws", jws)})
    assert answer.json()["valid"] is True
    assert [signer["role"] for signer in answer.json()["signers"]] == ["author", "reviewer"]


async def test_newer_versions_and_voids_are_told(region: Region) -> None:
    document = report()
    second = amended(document)
    await released(region, document)
    await released(region, second)
    _, verdict = await verify(region, region.sign(document))
    assert (verdict["valid"], verdict["superseded_by"]) == (True, 2)
    await region.publish(void_event(second))
    await region.settled()
    _, verdict = await verify(region, region.sign(second))
    assert (verdict["valid"], [each["code"] for each in verdict["problems"]]) == (False, ["voided"])


async def test_what_the_region_never_released_is_not_registered(region: Region) -> None:
    await released(region, report())
    unknown = report()
    _, verdict = await verify(region, region.sign(unknown))
    assert (verdict["valid"], verdict["registered"]) == (False, False)
    assert [each["code"] for each in verdict["problems"]] == ["not_registered"]
    foreign = Signers()
    pdf = await sheet(foreign, unknown)
    _, verdict = await verify(region, pdf)
    assert (verdict["trust"], verdict["registered"]) == ("none", False)


async def test_other_files_are_refused_plainly(region: Region) -> None:
    assert (await verify(region, b"plain text"))[0] == 415
    for damaged in (b"%PDF-1.7 broken", b"{}", b"{" * 50_000):
        status, verdict = await verify(region, damaged)
        assert (status, verdict["valid"], verdict["registered"]) == (200, False, False)
    assert (await verify(region, b""))[0] == 400
    assert (await verify(region, b"--x", "multipart/form-data"))[0] == 400
    assert (await verify(region, b"--x", "multipart/form-data; boundary=x"))[0] == 400
    status, problem = await verify(region, b"%PDF-" + b"0" * (20 << 20))
    assert (status, problem["code"], problem["limit_bytes"]) == (413, "too_large", 20 << 20)


async def test_a_file_that_takes_too_long_is_given_up(region: Region) -> None:
    hurried = Verifier(region.db, timeout_s=0.01)
    with pytest.raises(Invalid) as refusal:
        await hurried.judge(region.sign(report()))
    assert refusal.value.code == "file_unreadable"


async def test_one_address_is_slowed(region: Region) -> None:
    answers = [(await verify(region, b"")) for _ in range(25)]
    assert answers[0][0] == 400
    assert answers[-1][0] == 429
    assert answers[-1][1]["code"] == "too_many_requests"


async def test_the_qr_page_tells_status_and_nothing_of_the_patient(region: Region) -> None:
    document = report()
    await released(region, document)
    page = await region.get(None, "/verify", r=document.report_id, v=1)
    assert page.status_code == 200
    assert page.text == (await region.get(None, f"/verify/{document.report_id}", v=1)).text
    for shown in ("示例县人民医院", "有效", "第 1 版", "开发测试"):
        assert shown in page.text
    for hidden in ("测试甲", "1960", "胸部", "A20261121000123"):
        assert hidden not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    await released(region, amended(document))
    assert "已被第 2 版替代" in (await region.get(None, f"/verify/{document.report_id}", v=1)).text
    unknown = await region.get(None, f"/verify/{document.report_id}", v=9)
    assert unknown.status_code == 404
    assert "没有签发过" in unknown.text
    assert "<b>" not in (await region.get(None, "/verify/<b>")).text


async def test_the_page_takes_the_file(region: Region) -> None:
    document = report()
    await released(region, document)
    async with region.client() as client:
        answer = await client.post("/verify", files={"file": ("a.jws", region.sign(document))})
        refused = await client.post("/verify", files={"file": ("a.txt", b"x")})
    assert (answer.status_code, refused.status_code) == (200, 415)
    assert "文件有效" in answer.text
    assert "测试医师甲" in answer.text
    assert "只能验证" in refused.text


async def test_welcome_and_docs_need_nothing_from_outside(region: Region) -> None:
    for path in ("/", "/docs", "/verify"):
        page = await region.get(None, path)
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
    api = (await region.get(None, "/gateway/openapi.json")).json()
    assert {"/v1/worklist", "/v1/reports", "/v1/reports/{report_id}.pdf", "/v1/cases"} <= set(api["paths"])
