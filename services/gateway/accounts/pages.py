"""Two small pages without any script, for people who hold a one-time link."""

import html
from importlib import resources
from string import Template

from fastapi.responses import HTMLResponse

from services.gateway.accounts.passwords import MIN_LENGTH

# The link's token stands in the address: it must not travel on as a referrer, nor stay in a cache.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def setup(token: str, problem: str = "", *, status: int = 200) -> HTMLResponse:
    return _page("setup.html", token, problem, status)


def password(token: str, problem: str = "", *, status: int = 200) -> HTMLResponse:
    return _page("password.html", token, problem, status)


def done(message: str) -> HTMLResponse:
    return _framed(f'<h1>{html.escape(message)}</h1>\n<p><a href="/">登录</a></p>', 200)


def _page(name: str, token: str, problem: str, status: int) -> HTMLResponse:
    notice = f'<p class="problem" role="alert">{html.escape(problem)}</p>' if problem else ""
    body = _read(name).substitute(token=html.escape(token), notice=notice, min_length=MIN_LENGTH)
    return _framed(body, status)


def _framed(body: str, status: int) -> HTMLResponse:
    return HTMLResponse(_read("frame.html").substitute(body=body), status_code=status, headers=_HEADERS)


def _read(name: str) -> Template:
    return Template((resources.files("services.gateway.accounts") / "page" / name).read_text("utf-8"))
