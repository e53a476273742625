"""Every error leaves as application/problem+json (RFC 9457) with a stable code and the correlation id.

What the client sent is not echoed: a validation message names the place, not the patient.
"""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.errors import (
    FieldProblem,
    GongzhenError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unreadable,
    UnsupportedKind,
)
from shared.telemetry import correlation_id, fields

logger = logging.getLogger(__name__)

_KNOWN: dict[int, type[GongzhenError]] = {
    kind.status: kind for kind in (Unreadable, NotFound, MethodNotAllowed, TooLarge, UnsupportedKind)
}
MEDIA_TYPE = "application/problem+json"


def problem(error: GongzhenError, *, status: int | None = None, title: str | None = None) -> JSONResponse:
    """``status`` and ``title`` are given for a refusal of the framework that no class of ours stands for."""
    status = status or error.status
    body: dict[str, Any] = {
        "type": f"urn:gongzhen:error:{error.code}",
        "title": title or error.title,
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "correlation_id": correlation_id.get(),
        **error.extra,
    }
    if error.errors:
        body["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors]
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    app.add_exception_handler(GongzhenError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


async def _on_ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, GongzhenError)
    if error.status >= 500:
        logger.error("request failed", extra=fields(code=error.code, route=_route(request)), exc_info=error)
    return problem(error)


async def _on_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(Unreadable("请求正文不是有效的 JSON"))
    return problem(Invalid(errors=[FieldProblem(_pointer(item["loc"]), item["type"], item["msg"]) for item in found]))


def _pointer(location: tuple[Any, ...]) -> str:
    """FastAPI's ("body", "patient", "sex") as "/patient/sex"; a query parameter keeps its place: "/query/limit"."""
    parts = location[1:] if location and location[0] == "body" else location
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    """The framework's own refusals: its English words are for nobody here, its headers (Allow) are."""
    assert isinstance(error, HTTPException)
    known = _KNOWN.get(error.status_code)
    if known is not None:
        response = problem(known())
    else:
        answer = GongzhenError("请求未被接受", code=f"http_{error.status_code}")
        response = problem(answer, status=error.status_code, title=answer.detail)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    logger.error("unexpected error", extra=fields(route=_route(request)), exc_info=error)
    return problem(GongzhenError())


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", "-"))
