"""The order wins; contradictions are named without their values, and silence contradicts nothing."""

from datetime import date
from typing import Any

import pytest

from shared.events.case import Patient
from shared.reading.schemas.national_id import read_national_id
from shared.reading.schemas.order import Order
from shared.reading.workflow.doubts import ShownPatient, contradictions, warnings_of

SHOWN = ShownPatient("P001", "Ceshijia=测试^甲", "M", date(1960, 1, 31))


@pytest.mark.parametrize(
    ("patient", "word"),
    [
        ({"name": "测试乙"}, "姓名"),
        ({"sex": "F"}, "性别"),
        ({"birth_date": "1961-01-31"}, "出生日期"),
        ({"id": "P002"}, "患者编号"),
    ],
)
def test_a_contradiction_is_a_warning_without_values(patient: dict[str, Any], word: str) -> None:
    (warning,) = contradictions(Patient.model_validate(patient), [SHOWN, SHOWN], "心电文件")
    assert (warning.code, warning.detail) == ("patient_mismatch", f"心电文件中的{word}与申请单不一致，请核对患者身份")
    assert not any(str(value) in warning.detail for value in patient.values())


def test_one_file_of_several_is_enough() -> None:
    ordered = Patient(id="P001", name="测试甲")
    (warning,) = contradictions(ordered, [SHOWN, ShownPatient(id="P009", name="测试乙")], "影像文件")
    assert "姓名、患者编号" in warning.detail


@pytest.mark.parametrize(
    "patient", [{}, {"name": "测试 甲"}, {"sex": "O"}, {"age": "1Y"}, {"unknown": True, "sex": "F", "name": "测试乙"}]
)
def test_silence_contradicts_nothing(patient: dict[str, Any]) -> None:
    assert contradictions(Patient.model_validate(patient), [SHOWN], "影像文件") == []
    assert contradictions(Patient(id="P1", name="测试甲", sex="F"), [ShownPatient()], "影像文件") == []


def codes(**patient: Any) -> list[str]:
    return [warning.code for warning in warnings_of(Order.model_validate({"patient": patient}))]


def test_identity_numbers_only_warn() -> None:
    first_17 = "11010119600131001"
    right = next(first_17 + check for check in "0123456789X" if read_national_id(first_17 + check))
    assert codes(national_id=right, sex="M", birth_date="1960-01-31") == []
    assert codes(national_id=right, sex="F") == ["national_id_mismatch"]
    assert codes(national_id="123") == ["national_id_invalid"]
    assert codes() == []
