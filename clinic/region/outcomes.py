"""How the region can answer, as far as the clinic has to tell the cases apart.

The line itself answers too: a hotel's login page, a proxy's 502, half a body. Only what is plainly the region's own
word counts as its word; everything else is the line, and is tried again.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

_PROBLEM = "application/problem+json"
_TRY_AGAIN = frozenset({401, 408, 423, 425, 429, 460})
_TRY_AGAIN_CODES = frozenset({"upload_quota", "upload_taken_over", "offset_mismatch", "upload_incomplete"})


class RegionAway(Exception):
    """The region could not be asked, or asked for time; the same again later."""

    def __init__(self, code: str, retry_after_s: float | None = None) -> None:
        self.code = code
        self.retry_after_s = retry_after_s
        super().__init__(code)


class LoginRefused(RegionAway):
    """Name or password is wrong, or the account is closed: a person has to act, what waits goes on waiting."""


@dataclass(eq=False)
class Refused(Exception):
    """The region's own no. ``detail`` is Chinese; ``pointers`` say what it is about."""

    status: int
    code: str
    detail: str
    pointers: tuple[str, ...] = field(default=())

    @property
    def concerns_files(self) -> bool:
        """A single file may be the cause, so that the others could be taken without it."""
        if self.status == 415 or self.code == "instance_conflict":
            return True
        return bool(self.pointers) and all(pointer.startswith("file:") for pointer in self.pointers)


def read_answer(response: httpx.Response) -> Any:
    """The JSON of a 2xx. Raises Refused, RegionAway."""
    if response.is_success:
        return _json(response)
    raise_for(response)
    raise RegionAway(f"http_{response.status_code}")


def raise_for(response: httpx.Response) -> None:
    """Returns for a 2xx. Raises Refused, RegionAway."""
    if response.is_success:
        return
    problem = _problem(response)
    code = str(problem.get("code") or f"http_{response.status_code}")
    is_its_word = 400 <= response.status_code < 500 and "code" in problem
    if not is_its_word or response.status_code in _TRY_AGAIN or code in _TRY_AGAIN_CODES:
        raise RegionAway(code, _retry_after(response))
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    details = [
        str(problem.get("detail") or problem.get("title") or ""),
        *(str(e.get("detail", "")) for e in errors[:5]),
    ]
    pointers = tuple(str(error.get("pointer", "")) for error in errors)
    raise Refused(response.status_code, code, "；".join(text for text in details if text), pointers)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise RegionAway("not_the_region") from None


def _problem(response: httpx.Response) -> dict[str, Any]:
    if not response.headers.get("content-type", "").startswith(_PROBLEM):
        return {}
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
