"""Clinics, readers and a hospital's integration layer as REST clients: nothing here that the contract does not say."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

_PATIENCE_S = 60.0


class DemoFailed(RuntimeError):
    """An answer the demo did not expect; the text is shown as it is."""


@dataclass(slots=True)
class Person:
    """One signed-in account."""

    http: httpx.Client
    username: str
    token: str
    grants: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sign_in(cls, http: httpx.Client, username: str, password: str) -> "Person":
        answer = http.post(
            "/v1/auth/token", data={"grant_type": "password", "username": username, "password": password}
        )
        return cls(http, username, _expect(answer, 200)["access_token"])

    @classmethod
    def sign_in_system(cls, http: httpx.Client, client_id: str, secret: str) -> "Person":
        answer = http.post(
            "/v1/auth/token",
            data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
        )
        return cls(http, client_id, _expect(answer, 200)["access_token"])

    def call(self, method: str, path: str, *expected: int, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """The answer's JSON, or None for 204. Raises DemoFailed for any status but ``expected`` (default 200)."""
        answer = self.http.request(
            method, path, headers={"Authorization": f"Bearer {self.token}", **(headers or {})}, **more
        )
        return _expect(answer, *(expected or (200,)))

    def fetch(self, path: str) -> bytes:
        answer = self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})
        if answer.status_code != 200:
            raise DemoFailed(f"GET {path}: {answer.status_code} {answer.text[:500]}")
        return answer.content

    def send_hl7(self, path: str, message: bytes) -> str:
        """The acknowledgement."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "x-application/hl7-v2+er7"}
        answer = self.http.post(path, content=message, headers=headers)
        if answer.status_code != 200 or "MSA|AA|" not in answer.text:
            raise DemoFailed(f"POST {path}: {answer.status_code} {answer.text[:800]}")
        return answer.text

    def upload(self, center: str, order: dict[str, Any], files: list[tuple[str, bytes]]) -> Any:
        parts: list[tuple[str, tuple[str | None, Any, str]]] = [
            ("order", (None, json.dumps(order, ensure_ascii=False), "application/json"))
        ]
        parts += [("file", (name, content, "application/octet-stream")) for name, content in files]
        return self.call("POST", f"/{center}/v1/cases", 202, files=parts)

    def claim_next(self, center: str, stage: str) -> Any:
        """Ask until a case waits: the queue is filled by events, a moment after the upload's answer."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            claimed = self.call("POST", f"/{center}/v1/claims/next", 200, 204, json={"stage": stage})
            if claimed is not None:
                return claimed
            time.sleep(0.05)  # between two questions to the queue, as a reading station asks
        raise DemoFailed(f"no case came for {self.username} within {_PATIENCE_S:.0f} s")

    def unlock(self, center: str, pin: str) -> dict[str, str]:
        if center not in self.grants:
            answer = self.call("POST", f"/{center}/v1/signing/unlock", json={"pin": pin})
            self.grants[center] = answer["signing_grant"]
        return {"Signing-Grant": self.grants[center]}


def _expect(answer: httpx.Response, *expected: int) -> Any:
    if answer.status_code not in expected:
        raise DemoFailed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:800]}")
    return answer.json() if answer.content else None
