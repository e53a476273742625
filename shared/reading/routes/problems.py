"""The problems every call may answer, for the OpenAPI page."""

from typing import Any

from shared.reading.schemas.answers import Problem

_SAYS = {
    401: "no or bad token; `signing_grant_required`, `signing_grant_invalid`, `wrong_pin`",
    403: "`role_required` on a case you may see",
    404: "not there, or not yours",
    409: "`illegal_transition` (with `state`), `already_claimed` (with `claimed_by`, `claim_until`), `claim_lost`, "
    "`same_person`, `content_unseen`, `case_changed`, `read_back_wrong`",
    412: "If-Match names another version",
    422: "readable but wrong: `errors` says where",
    503: "a part is away: Retry-After",
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": says, "content": {"application/problem+json": {}}}
    for status, says in _SAYS.items()
}
