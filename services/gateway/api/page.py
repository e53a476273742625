"""The frame of the few pages that the gateway itself writes: plain HTML, no script from anywhere else."""

from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
body{margin:0;color:#1b2733;background:#f5f7f9}
main{max-width:60rem;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border-radius:8px}
h1{font-size:1.4rem;margin-top:0} h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #e3e8ee;vertical-align:top}
th{font-weight:600;white-space:nowrap} .good{color:#126b3a} .bad{color:#a31621} .warn{color:#8a5a00}
button,select{font:inherit;padding:.3rem 1rem} code{font-size:.9em} a{color:#0b5cad}
"""


def page(title: str, body: str, *, status: int = 200, script: str = "", nonce: str = "") -> HTMLResponse:
    """``body`` is HTML whose values are escaped. A script runs only under its own nonce, and talks to this origin."""
    scripted = f'<script nonce="{nonce}">{script}</script>' if script else ""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    if script:
        policy += f"; script-src 'nonce-{nonce}'; connect-src 'self'"
    html = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)} · 共诊</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main>{scripted}</body></html>"
    )
    return HTMLResponse(
        html,
        status_code=status,
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )
