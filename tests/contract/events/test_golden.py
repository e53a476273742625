"""What was published once can be read for ever: golden files are never edited, classes may only grow."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.events.case import CaseEvent
from shared.events.critical import CriticalEvent
from shared.events.directory import DirectoryEvent
from shared.events.envelope import Envelope, wrap
from shared.events.report import ReportEvent

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("case_v1", CaseEvent),
        ("case_resulted_v1", CaseEvent),
        ("case_held_v1", CaseEvent),
        ("report_v1", ReportEvent),
        ("critical_v1", CriticalEvent),
        ("directory_v1", DirectoryEvent),
    ],
)
def test_a_golden_event_is_read_without_loss(name: str, model: type[BaseModel]) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    written = model.model_validate(golden).model_dump(mode="json", exclude_unset=True)
    assert written == golden


def test_the_envelope_names_its_extensions_as_cloudevents_allows() -> None:
    event = DirectoryEvent(record_kind="organization", record_id="x", revision=1)
    envelope = wrap("imaging", "case.queued", event, record_id="case_1", case_id="case_1", case_version=3)
    attributes = set(json.loads(envelope.to_bytes())) - {"data"}
    assert all(name.isalnum() and name == name.lower() for name in attributes)
    assert {"caseid", "caseversion", "correlationid"} <= attributes
    assert Envelope.from_bytes(envelope.to_bytes()) == envelope
