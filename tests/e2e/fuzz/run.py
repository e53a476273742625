"""Generated cases of one service's OpenAPI document, sent as people would and as they should not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from deploy.demo.client import Person
from tests.e2e.fuzz.octets import teach_octets
from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation, Valid, authorization

_PATIENCE_S = 20
AnyOperation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
Case: TypeAlias = "schemathesis.Case[Any]"
_UNKNOWN = Operation(None)
"""An operation that the table has not been taught: made-up ids only."""


teach_octets()


@dataclass
class Findings:
    """``faults``: what a client could send and must not get."""

    faults: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    not_reached: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    @property
    def share(self) -> float:
        return len(self.reached) / (len(self.reached) + len(self.not_reached))


def fuzz(scene: Scene, document: dict[str, Any], table: dict[str, Operation]) -> Findings:
    findings = Findings()
    with requests.Session() as session:
        session.trust_env = False
        for operation in _operations(document):
            _Tries(scene, session, findings, operation, table.get(operation.label, _UNKNOWN)).run()
    return findings


def bodies(document: dict[str, Any], label: str, count: int) -> list[Any]:
    """That fit the document, for the operation ``label``."""
    (operation,) = (each for each in _operations(document) if each.label == label)
    return [case.body for case in _examples(operation.as_strategy(), count)]


def _operations(document: dict[str, Any]) -> Iterator[AnyOperation]:
    for found in schemathesis.openapi.from_dict(_closed(document)).get_all_operations():
        assert isinstance(found, Ok), f"the OpenAPI document is broken: {found}"
        yield found.ok()


class _Tries:
    """All that is sent to one operation."""

    def __init__(
        self,
        scene: Scene,
        session: requests.Session,
        findings: Findings,
        operation: AnyOperation,
        entry: Operation,
    ) -> None:
        self._scene, self._session, self._findings = scene, session, findings
        self._operation, self._entry = operation, entry
        self._succeeded, self._last = False, "nothing was sent"

    def run(self) -> None:
        """First while the prepared record is still in the state that allows the call, with as many cases as the entry
        says; what is tried afterwards needs but a few."""
        prepared = self._entry.prepare(self._scene) if self._entry.prepare else None
        valid = prepared or Valid(self._scene.person("reader1"))
        count, few = self._entry.cases, min(self._entry.cases, 2)
        if prepared and self._entry.is_guarded:
            self._send_valid(prepared)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            self._send(valid, valid.person, self._generate(valid, mode, count))
        if prepared and not self._entry.is_guarded:
            self._send_valid(prepared)
        if valid.path:
            made_up = Valid(valid.person, query=valid.query)
            self._send(made_up, valid.person, self._generate(made_up, GenerationMode.POSITIVE, few))
        self._note_whether_reached()
        if valid.person:
            outsiders = [self._scene.stranger, None] if self._entry.has_strangers else [None]
            for outsider in outsiders:
                self._send(valid, outsider, self._generate(valid, GenerationMode.POSITIVE, few))

    def _note_whether_reached(self) -> None:
        if self._succeeded:
            self._findings.reached.add(self._operation.label)
        else:
            self._findings.not_reached[self._operation.label] = self._last

    def _generate(self, valid: Valid, mode: GenerationMode, count: int) -> list[Case]:
        """With what ``valid`` knows of path, headers and query; the rest is made up, the same in every run."""
        strategy = self._operation.as_strategy(
            generation_mode=mode,
            path_parameters=valid.path or None,
            headers=valid.headers or None,
            query=valid.query or None,
        )
        return _examples(strategy, count)

    def _send(self, valid: Valid, person: Person | None, cases: list[Case]) -> None:
        for case in cases:
            request = case.as_transport_kwargs(base_url=self._scene.region.url)
            # Not handed to Schemathesis, whose negative cases would go without.
            request["headers"].update(authorization(person))
            try:
                with self._session.request(**request, stream=True, timeout=_PATIENCE_S) as answer:
                    self._judge(answer, _shown(case, person))
                    self._refuse_outsider(answer, valid, person, case)
            except requests.Timeout:
                self._findings.faults.append(f"{_shown(case, person)}: no answer in {_PATIENCE_S} s")
            self._session.cookies.clear()

    def _send_valid(self, valid: Valid) -> None:
        answer = valid.send(self._scene.region.http, self._operation.method.upper(), self._operation.full_path)
        self._scene.region.http.cookies.clear()
        self._judge(answer, f"the valid call of {self._operation.label}")

    def _judge(self, answer: Any, what: str) -> None:
        """Of requests or of httpx. An event stream's body never ends: only its head is looked at."""
        self._findings.sent += 1
        self._succeeded = self._succeeded or answer.status_code < 300
        if answer.status_code < 400:
            return
        self._last = f"{answer.status_code} {answer.text[:300]}"
        if answer.status_code >= 500 or not _is_problem(answer):
            self._findings.faults.append(f"{what}: {self._last}")

    def _refuse_outsider(self, answer: Any, valid: Valid, person: Person | None, case: Case) -> None:
        """Nobody gets anything where a token is asked for; a stranger nothing of another's record."""
        if answer.status_code >= 300 or person is valid.person:
            return
        if person is None or valid.path:
            self._findings.faults.append(f"{_shown(case, person)}: {answer.status_code} for an outsider")


def _closed(node: Any) -> Any:
    """Unknown fields are passed over by the services: generated ones would only crowd out those that are read."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    is_object = isinstance(node.get("properties"), dict) and node.get("type") == "object"
    return closed | {"additionalProperties": False} if is_object else closed


def _examples(strategy: SearchStrategy[Case], count: int) -> list[Case]:
    """Fewer, or none, where the document leaves nothing to choose."""
    found: list[Case] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: Case) -> None:
        found.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []
    return found


def _is_problem(answer: Any) -> bool:
    """Of requests or of httpx. Without a body to HEAD; STOW says what failed in DICOM's own words (PS3.18 10.5.3)."""
    if answer.headers.get("content-type", "") == "application/dicom+json":
        return answer.status_code == 409 and "00081198" in answer.json()
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return False
    if answer.request.method == "HEAD":
        return True
    body = answer.json()
    return isinstance(body, dict) and isinstance(body.get("code"), str) and body.get("status") == answer.status_code


def _shown(case: Case, person: Person | None) -> str:
    who = person.username if person else "nobody"
    return f"{case.method} {case.formatted_path} {case.query} {case.body!r:.300} by {who}"
