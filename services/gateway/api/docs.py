"""``/``: what is here. ``/docs``: the calls of the region, read in the browser from each service's OpenAPI.

No Swagger UI: it would come from a CDN, which a county's network does not reach, and this is all that is needed.
"""

import secrets
from importlib import resources

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.gateway.api.page import page

router = APIRouter(include_in_schema=False)

_WELCOME = """<p>县域共享诊断中心：影像、心电、检验。</p>
<table>
<tr><th scope=row><a href="/docs">/docs</a></th><td>接口文档</td></tr>
<tr><th scope=row><a href="/verify">/verify</a></th><td>报告验证：核对手中报告的电子签名</td></tr>
<tr><th scope=row><code>/v1</code></th><td>工作列表、报告、账号</td></tr>
<tr><th scope=row><code>/imaging/v1 /ecg/v1 /lab/v1</code></th><td>影像、心电、检验中心</td></tr>
</table>"""
_DOCS = """<p><label>服务 <select id=service>
<option value=gateway>网关</option><option value=imaging>影像</option>
<option value=ecg>心电</option><option value=lab>检验</option></select></label>
<a id=source href="/gateway/openapi.json">OpenAPI</a></p><div id=calls aria-live=polite></div>"""


@router.get("/")
async def welcome() -> HTMLResponse:
    return page("共诊", _WELCOME)


@router.get("/docs")
async def docs() -> HTMLResponse:
    script = (resources.files("services.gateway.api") / "docs.js").read_text("utf-8")
    return page("接口文档", _DOCS, script=script, nonce=secrets.token_urlsafe(16))
