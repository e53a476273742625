"""The order as clinics send it: what CONTRACT.md allows, and where each fault is."""

import json
from typing import Any

import pytest

from shared.errors import Invalid
from shared.reading.schemas.sent_order import SentOrder, read_order

CONTRACT: dict[str, Any] = {
    "accession_number": "A1",
    "priority": "stat",
    "exam": {"code": "DX-CHEST-PA", "name": "胸部正位", "laterality": None},
    "performed_at": "2026-11-21T10:20:00+08:00",
    "patient": {
        "id": "P001", "name": "测试甲", "national_id": "11010119600131001x", "sex": "M", "birth_date": "1960-01-31",
        "unknown": False,
    },
    "encounter": {"type": "outpatient", "number": "1", "department": "内科", "ward": "", "bed": ""},
    "clinical_info": "咳嗽三天",
    "requester": {"name": "测试医生", "phone": "000"},
}  # fmt: skip


def read(**changes: Any) -> SentOrder:
    return read_order(SentOrder, json.dumps(CONTRACT | changes).encode())


def pointers(raw: bytes | None) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read_order(SentOrder, raw)
    return [problem.pointer for problem in caught.value.errors]


def test_the_contracts_order_is_read() -> None:
    order = read()
    assert (order.priority, order.patient.sex, order.patient.national_id) == ("stat", "M", "11010119600131001X")
    assert order.encounter is not None and order.encounter.ward is None


def test_an_order_may_be_silent_about_nearly_everything() -> None:
    order = read_order(SentOrder, b'{"accession_number": "  ", "patient": {"sex": "", "birth_date": null}}')
    assert (order.accession_number, order.priority, order.patient.sex) == (None, "routine", "U")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"priority": "high"}, "/priority"),
        ({"performed_at": "2026-11-21T10:20:00"}, "/performed_at"),
        ({"exam": {"laterality": "X"}}, "/exam/laterality"),
        ({"exam": "chest"}, "/exam"),
        ({"patient": {"sex": "男"}}, "/patient/sex"),
        ({"patient": {"birth_date": "1960-02-31"}}, "/patient/birth_date"),
        ({"patient": {"birth_date": "2999-01-01"}}, "/patient/birth_date"),
        ({"patient": {"birth_date": "1700-01-01"}}, "/patient/birth_date"),
        ({"patient": {"age": "65"}}, "/patient/age"),
        ({"accession_number": "x" * 65}, "/accession_number"),
        ({"accession_number": "a\nb"}, "/accession_number"),
        ({"encounter": {"type": "home"}}, "/encounter/type"),
    ],
)
def test_each_fault_has_its_pointer(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(json.dumps(CONTRACT | changes).encode()) == [pointer]


@pytest.mark.parametrize("raw", [None, b"", b"{", b"\xff", b"[" * 100_000, b"[]", b'{"clinical_info": "a\\u0000b"}'])
def test_what_is_no_order_is_invalid(raw: bytes | None) -> None:
    assert pointers(raw)


def test_the_fault_does_not_quote_the_patient() -> None:
    with pytest.raises(Invalid) as caught:
        read_order(SentOrder, json.dumps({"patient": {"name": "测试甲", "sex": "测试甲"}}).encode())
    assert "测试甲" not in str([caught.value.detail, caught.value.errors])
