"""A signed-in administrator, and what the region answered when it refused."""

from dataclasses import dataclass
from typing import Any, Self

import httpx

_TIMEOUT_S = 30.0


class Refused(Exception):
    """The region said no, or could not be reached; the text is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class AdminClient:
    http: httpx.Client

    @classmethod
    def sign_in(cls, http: httpx.Client, username: str, password: str) -> Self:
        client = cls(http)
        form = {"grant_type": "password", "username": username, "password": password}
        tokens = client._ask("POST", "/v1/auth/token", data=form)
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return client

    @classmethod
    def with_token(cls, http: httpx.Client, token: str) -> Self:
        http.headers["Authorization"] = f"Bearer {token}"
        return cls(http)

    def get(self, path: str, **params: Any) -> Any:
        return self._ask("GET", f"/v1/admin{path}", params={k: v for k, v in params.items() if v is not None})

    def every(self, path: str, *, items: str = "items", **params: Any) -> list[Any]:
        """All pages of a list; ``items`` is the field that holds it."""
        found: list[Any] = []
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **params)
            found += page[items]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask(method, f"/v1/admin{path}", json=body)

    def account_id(self, username: str) -> str:
        found = self.get("/users", username=username)["items"]
        if not found:
            raise Refused(f"没有这个用户 / no such user: {username}")
        return str(found[0]["account_id"])

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        try:
            answer = self.http.request(method, path, **how)
        except httpx.HTTPError as error:
            raise Refused(f"无法连接 / cannot reach {self.http.base_url}: {type(error).__name__}") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise Refused(_reason(answer))


def connect(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=_TIMEOUT_S, trust_env=False)


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        lines = [f"{problem['detail']} ({problem['code']})"]
        lines += [f"  {error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
    retry_after = answer.headers.get("retry-after")
    if retry_after:
        lines.append(f"  请 {retry_after} 秒后再试 / try again in {retry_after} s")
    return "\n".join(lines)
