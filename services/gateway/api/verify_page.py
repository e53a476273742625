"""The page that the QR code of a sheet leads to: ``<public_url>/verify?r=<report_id>&v=<version>``.

It says whether the region released that version, which hospital, when, and how it stands, and takes the file for
a full check. Nothing of the patient: whoever finds a sheet may scan it.
"""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.gateway.api.page import page
from services.gateway.api.rate_limit import RateLimit
from services.gateway.api.verdict import Verdict
from services.gateway.api.verify import judge
from services.gateway.queries import reports
from services.gateway.queries.reports import ServedReport
from shared.clock import show
from shared.errors import GongzhenError
from shared.web import CurrentResources

router = APIRouter(include_in_schema=False)

_Version = Annotated[int, Query(ge=1, le=1_000_000)]
_TRUST_NAMES = {
    "region": "本区域认证机构",
    "development": "开发测试证书（不具法律效力）",
    "none": "不属于本区域",
}
_FORM = """<h2>验证报告文件</h2>
<p>上传手中的 PDF 或 JWS 文件，核对电子签名以及内容是否被改动。文件只用于验证，不会保存。</p>
<form method="post" action="/verify" enctype="multipart/form-data">
<input type="file" name="file" accept=".pdf,.jws,.json" required aria-label="报告文件"> <button>验证</button>
</form>"""


@router.get("/verify")
async def show_form(
    request: Request,
    resources: CurrentResources,
    r: Annotated[str | None, Query(max_length=64)] = None,
    v: _Version = 1,
) -> HTMLResponse:
    return page("报告验证", _FORM) if r is None else await show_registration(r, request, resources, v)


@router.get("/verify/{report_id}")
async def show_registration(
    report_id: str, request: Request, resources: CurrentResources, v: _Version = 1
) -> HTMLResponse:
    limit: RateLimit = request.app.state.page_limit
    limit.take(request)
    async with resources.db.transaction() as session:
        found = await reports.find_registered(session, report_id, v)
    if found is None:
        return page("报告验证", f"<p class=bad>本区域没有签发过该报告的第 {v} 版。</p>{_FORM}", status=404)
    return page("报告验证", _registration(found) + _FORM)


@router.post("/verify")
async def show_verdict(request: Request) -> HTMLResponse:
    try:
        verdict = await judge(request)
    except GongzhenError as error:
        return page("报告验证", f"<p class=bad>{escape(error.detail)}</p>{_FORM}", status=error.status)
    return page("报告验证", _verdict(verdict) + _FORM)


def _registration(found: ServedReport) -> str:
    row = found.version
    rows = [
        ("报告医院", row.document["reading_site"]["name"]),
        ("送检机构", row.document["clinic"]["name"]),
        ("签发时间", f"{show(row.signed_at)}（北京时间）"),
        ("版本", f"第 {row.version} 版"),
        ("状态", _status(found)),
    ]
    note = "<p class=warn>本报告由开发测试证书签名，不具法律效力。</p>" if row.is_development else ""
    return f"<p class={'bad' if found.is_voided else 'good'}>本区域签发过该报告。</p>{_table(rows)}{note}"


def _status(found: ServedReport) -> str:
    if found.is_voided:
        return "已作废"
    if found.superseded_by is not None:
        return f"已被第 {found.superseded_by} 版替代，请以新版为准"
    return "有效"


def _verdict(verdict: Verdict) -> str:
    rows = [("签名证书", _TRUST_NAMES[verdict.trust])]
    rows += [("已登记", "是" if verdict.registered else "否")]
    for signer in verdict.signers:
        role = {"author": "书写医师", "reviewer": "审核医师"}.get(signer.role or "", "签名")
        rows.append((role, f"{signer.name}　{show(signer.signed_at) if signer.signed_at else ''}"))
    if verdict.superseded_by is not None:
        rows.append(("状态", f"已被第 {verdict.superseded_by} 版替代，请以新版为准"))
    head = "<p class=good>文件有效，内容未被改动。</p>" if verdict.valid else "<p class=bad>文件未通过验证。</p>"
    problems = "".join(f"<li>{escape(problem.detail)}</li>" for problem in verdict.problems)
    return head + (f"<ul>{problems}</ul>" if problems else "") + _table(rows)


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"
