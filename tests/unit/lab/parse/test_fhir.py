import json
from pathlib import Path
from typing import Any

import pytest

from services.lab.parse.fhir import read_fhir
from services.lab.parse.message import LineStatus, Rejected, ResultLine

POTASSIUM: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "k1",
    "status": "final",
    "code": {
        "coding": [
            {"system": "urn:lab", "code": "K", "display": "钾"},
            {"system": "http://loinc.org", "code": "2823-3"},
        ]
    },
    "valueQuantity": {"value": 4.10, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    "interpretation": [{"coding": [{"code": "N"}]}],
    "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 5.3}}],
    "effectiveDateTime": "2026-11-05T10:00:00+08:00",
    "specimen": {"reference": "Specimen/s1"},
    "subject": {"reference": "urn:uuid:p"},
    "basedOn": [{"reference": "ServiceRequest/o1"}],
}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "identifier": {"value": "m-1"},
    "entry": [
        {"resource": POTASSIUM},
        {"resource": {"resourceType": "Specimen", "id": "s1", "identifier": [{"value": "T1"}], "type": {"text": "血清"},
                      "collection": {"collectedDateTime": "2026-11-05T09:00:00+08:00"}}},
        {"resource": {"resourceType": "ServiceRequest", "id": "o1", "identifier": [{"value": "ACC1"}]}},
        {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "identifier": [{"value": "P1"}],
            "name": [{"family": "测试", "given": ["甲"]}], "gender": "female", "birthDate": "1980-01-02"}},
    ],
}  # fmt: skip


def lines(resource: dict[str, Any]) -> list[ResultLine]:
    return [line for group in read_fhir(json.dumps(resource).encode()).groups for line in group.lines]


def test_a_bundle_is_grouped_by_specimen_and_order() -> None:
    raw = json.dumps(BUNDLE).replace("4.1,", "4.10,").encode()
    message = read_fhir(raw)
    (group,) = message.groups
    assert (message.message_id, group.specimen_number, group.accession_number) == ("m-1", "T1", "ACC1")
    assert (group.patient.id, group.patient.name, group.patient.sex, group.specimen_type) == (
        "P1",
        "测试甲",
        "F",
        "血清",
    )
    (line,) = group.lines
    assert (line.code, line.name, line.loinc, line.value, line.unit) == ("K", "钾", "2823-3", "4.10", "mmol/L")
    assert (line.reference_text, line.flags, line.status) == ("3.5-5.3", ("N",), LineStatus.final)
    assert line.observed_at and line.observed_at.isoformat() == "2026-11-05T02:00:00+00:00"


def test_a_report_with_contained_observations() -> None:
    report = {
        "resourceType": "DiagnosticReport", "status": "final", "specimen": [{"identifier": {"value": "T9"}}],
        "contained": [{**POTASSIUM, "specimen": None}], "result": [{"reference": "#k1"}],
    }  # fmt: skip
    assert read_fhir(json.dumps(report).encode()).groups[0].specimen_number == "T9"
    assert lines({**report, "status": "entered-in-error"})[0].status == LineStatus.deleted


@pytest.mark.parametrize(
    ("status", "mapped"),
    [
        ("registered", "preliminary"),
        ("amended", "corrected"),
        ("cancelled", "deleted"),
        ("entered-in-error", "deleted"),
    ],
)
def test_status(status: str, mapped: str) -> None:
    assert lines({**POTASSIUM, "status": status})[0].status == mapped


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"valueString": "阳性"}, "阳性"),
        ({"valueInteger": 3}, "3"),
        ({"valueBoolean": True}, "true"),
        ({"valueQuantity": {"value": 0.5, "comparator": "<"}}, "<0.5"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1:128"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 5}}}, "1-5"),
        ({"valueCodeableConcept": {"coding": [{"code": "112283007", "display": "大肠埃希菌"}]}}, "大肠埃希菌"),
    ],
)
def test_values(value: dict[str, Any], text: str) -> None:
    bare = {name: each for name, each in POTASSIUM.items() if name != "valueQuantity"}
    assert lines({**bare, **value})[0].value == text


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({**POTASSIUM, "valueQuantity": {"value": "4,1"}}, "Observation.valueQuantity.value"),
        ({**POTASSIUM, "code": []}, "Observation.code"),
        ({"resourceType": "Bundle", "entry": [{"resource": {**POTASSIUM, "component": [1]}}]},
         "Bundle.entry[0].resource.component[0]"),
        ({"resourceType": "Bundle", "entry": {}}, "Bundle.entry"),
    ],
)  # fmt: skip
def test_errors_name_the_path(resource: dict[str, Any], path: str) -> None:
    with pytest.raises(Rejected) as refused:
        lines(resource)
    assert refused.value.detail.startswith(path + " ")


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", b"nul", b'{"resourceType": 3}', b'{"resourceType":"Observation","valueQuantity":{"value":NaN}}',
     b"[" * 100_000, b'{"resourceType":"Observation","valueString":"\\u0000"}', b"\xff",
     b'{"resourceType":"Observation","valueString":"\\ud800"}', b'{"resourceType":"Patient"}'],
)  # fmt: skip
def test_what_is_no_result_is_refused(raw: bytes) -> None:
    with pytest.raises(Rejected):
        read_fhir(raw)


def counted(value: object) -> int:
    """Observations that have something to say of themselves, and their components."""
    if isinstance(value, list):
        return sum(map(counted, value))
    if not isinstance(value, dict):
        return 0
    here = 0
    if value.get("resourceType") == "Observation":
        parts = value.get("component", [])
        says = any(name.startswith("value") or name == "dataAbsentReason" for name in value)
        here = len(parts) + (1 if says or not (parts or value.get("hasMember")) else 0)
    return here + sum(map(counted, value.values()))


@pytest.mark.corpus
def test_every_observation_of_the_corpus_comes_out(corpus: Path) -> None:
    """A panel that only names its members has no line; each component has one."""
    total = 0
    for path in sorted((corpus / "lab" / "fhir").rglob("*")):
        if path.suffix not in (".json", ".fhir"):
            continue
        raw = path.read_bytes()
        expected = counted(json.loads(raw))
        try:
            found = sum(len(group.lines) for group in read_fhir(raw).groups)
        except Rejected as refused:
            assert refused.code in ("message_empty", "message_unsupported"), path.name
            found = 0
        assert found == expected, path.name
        total += found
    assert total > 600
