"""Schemathesis on the gateway and the imaging centre, signed in, with ids of a living region: nothing makes a 500."""

from typing import Any

import httpx
import pytest

from tests.e2e.fuzz.gateway import GATEWAY
from tests.e2e.fuzz.imaging import IMAGING
from tests.e2e.fuzz.run import fuzz
from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation
from tests.support.region import RunningRegion

pytestmark = pytest.mark.xdist_group("region")

REACHED = 0.6
UNEXPECTED = ("unexpected error", "loop failed", "listener failed", "handler failed", "handler gave up")
TABLES = {"imaging": IMAGING, "gateway": GATEWAY}


@pytest.fixture(scope="module")
def scene(region: RunningRegion) -> Scene:
    return Scene(region)


@pytest.mark.parametrize("service", TABLES)
def test_no_generated_call_makes_a_500(region: RunningRegion, scene: Scene, service: str) -> None:
    before = _bugs(region)

    findings = fuzz(scene, _document(region, service), TABLES[service])

    print(f"{service}: {findings.sent} requests, {len(findings.reached)} operations reached 2xx, not:")
    print("\n".join(f"  {label}: {last}" for label, last in findings.not_reached.items()))
    assert not findings.faults, "\n".join(findings.faults)
    assert _bugs(region) == before, "something failed behind an answer that looked right; see the service's log"
    assert findings.share >= REACHED


@pytest.mark.parametrize("service", TABLES)
def test_the_table_names_only_operations_that_exist(region: RunningRegion, service: str) -> None:
    paths = _document(region, service)["paths"]
    known = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    table: dict[str, Operation] = TABLES[service]
    assert not set(table) - known


def _document(region: RunningRegion, service: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{region.ports()[service]}/{service}/openapi.json"
    document: dict[str, Any] = httpx.get(url, trust_env=False).json()
    return document


def _bugs(region: RunningRegion) -> list[str]:
    """What the services and their workers logged of errors that no code expects."""
    return [f"{name}: {line}" for name, text in region.logs().items() for line in text.splitlines() if _is_bug(line)]


def _is_bug(line: str) -> bool:
    return any(f'"message": "{word}' in line for word in UNEXPECTED)
