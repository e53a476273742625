"""The verdict on a file from outside: checked in a process with limits, then compared with the region's register."""

import asyncio
import json
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from services.gateway.queries import reports
from services.gateway.queries.roots import trust_roots
from shared.db import Database
from shared.errors import GongzhenError, Invalid, TooManyRequests, Unreadable, UnsupportedKind
from shared.signing.trust import TrustRoots, to_pem

_TIMEOUT_S = 20.0
_AT_ONCE = 2
_WAITING = 16


class VerdictProblem(BaseModel):
    code: str
    detail: str


class VerdictSigner(BaseModel):
    """A physician as his certificate names him."""

    role: str | None
    name: str
    signed_at: datetime | None
    certificate_serial: str
    intact: bool
    trust: Literal["region", "development", "none"]


class Verdict(BaseModel):
    """``valid``: every signature holds, nothing was changed, and the region released this version and stands by it.

    ``superseded_by``: a newer version replaced it. Nothing of the patient is told.
    """

    valid: bool
    trust: Literal["region", "development", "none"]
    registered: bool
    signers: list[VerdictSigner]
    signed_at: datetime | None
    report_id: str | None
    version: int | None
    superseded_by: int | None
    problems: list[VerdictProblem]


class Verifier:
    """One of a gateway process: two files at once, a few wait, the rest are asked to come again."""

    def __init__(self, db: Database, timeout_s: float = _TIMEOUT_S) -> None:
        self._db = db
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def judge(self, data: bytes) -> Verdict:
        """Raises Unreadable, UnsupportedKind for what is no such file, Invalid for one that broke the reader."""
        async with self._db.transaction() as session:
            roots = await trust_roots(session)
        if self._waiting >= _WAITING:
            raise TooManyRequests(retry_after_s=5)
        self._waiting += 1
        try:
            async with self._slots:
                found = await _verify(data, roots, self._timeout_s)
        finally:
            self._waiting -= 1
        return await self._compare(found)

    async def _compare(self, found: dict[str, Any]) -> Verdict:
        """With the register: a good signature over what the region never released is no report of the region."""
        verdict = Verdict.model_validate({**found, "registered": False, "superseded_by": None})
        registered = None
        if verdict.report_id is not None and verdict.version is not None:
            async with self._db.transaction() as session:
                registered = await reports.find_registered(session, verdict.report_id, verdict.version)
        if registered is None or registered.version.payload_sha256 != found["digest"]:
            return _doubted(verdict, "not_registered", "本区域没有签发过该报告的这一版本")
        verdict = verdict.model_copy(update={"registered": True, "superseded_by": registered.superseded_by})
        return _doubted(verdict, "voided", "该报告已作废") if registered.is_voided else verdict


def _doubted(verdict: Verdict, code: str, detail: str) -> Verdict:
    problems = [*verdict.problems, VerdictProblem(code=code, detail=detail)]
    return verdict.model_copy(update={"valid": False, "problems": problems})


async def _verify(data: bytes, roots: TrustRoots, timeout_s: float) -> dict[str, Any]:
    header = {
        "roots": to_pem(roots.certificates),
        "revoked": {serial: since.isoformat() for serial, since in roots.revoked.items()},
    }
    answer = await _ask_process(json.dumps(header).encode() + b"\n" + data, timeout_s)
    if "refusal" in answer:
        raise _refusal(answer["refusal"])
    verification: dict[str, Any] = answer["verification"]
    return verification


async def _ask_process(request: bytes, timeout_s: float) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.gateway.api.verify_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(request), timeout_s)
        answer: dict[str, Any] = json.loads(output)
    except (TimeoutError, ValueError) as error:
        raise Invalid("文件无法在限定的时间和内存内验证", code="file_unreadable") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return answer


def _refusal(refusal: dict[str, Any]) -> GongzhenError:
    kind = UnsupportedKind if refusal["status"] == UnsupportedKind.status else Unreadable
    return kind(refusal["detail"], code=refusal["code"])
