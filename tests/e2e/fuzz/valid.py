"""One call that should succeed, and who makes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.demo.client import Person
from tests.e2e.fuzz.scene import Scene


@dataclass(frozen=True, slots=True)
class Valid:
    """``person`` None: without a token. ``query`` and ``headers`` go with every generated case as well."""

    person: Person | None = None
    path: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def send(self, http: httpx.Client, method: str, template: str) -> httpx.Response:
        """An event stream is left as soon as it has begun: it never ends."""
        path = template.format_map(self.path)
        headers = {**authorization(self.person), **self.headers}
        with http.stream(method, path, headers=headers, params=self.query, **self.body) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
        return answer


@dataclass(frozen=True, slots=True)
class Operation:
    """``prepare`` None: nobody has taught the table one yet.

    ``is_guarded``: wrong tries are slowed down, so the valid call goes first. ``has_strangers``: somebody else's call
    must not succeed. ``cases`` of each kind.
    """

    prepare: Callable[[Scene], Valid] | None
    is_guarded: bool = False
    has_strangers: bool = True
    cases: int = 4


def authorization(person: Person | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"} if person else {}
