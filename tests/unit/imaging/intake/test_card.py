"""The order wins, the images fill its gaps, contradictions are named without their values."""

import io
from typing import Any

import pytest

from services.imaging.intake.card import contradictions, exam_of, patient_of
from services.imaging.intake.names import is_same_name
from services.imaging.parse.instance import Instance, read_instance
from shared.reading.schemas.order import Order
from tests.support.dicom import dicom


def instance(**options: Any) -> Instance:
    raw = dicom(**options)
    return read_instance(io.BytesIO(raw), len(raw), default_charset=None)


def order(**patient: Any) -> Order:
    return Order.model_validate({"patient": patient})


def test_patient_and_exam_are_told_by_the_images() -> None:
    patient, exam = patient_of([instance()]), exam_of([instance()])
    assert (patient.name, patient.id, patient.sex, str(patient.birth_date)) == ("测试甲", "P001", "M", "1960-01-31")
    assert (exam.modality, exam.name) == ("DX", "CHEST PA")
    assert exam.performed_at is not None and exam.performed_at.isoformat() == "2026-11-21T10:20:00+08:00"


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
    (warning,) = contradictions(order(**patient), [instance()])
    assert warning.code == "patient_mismatch"
    assert word in warning.detail
    assert not any(str(value) in warning.detail for value in patient.values())


@pytest.mark.parametrize(
    "patient", [{}, {"name": "测试 甲"}, {"sex": "O"}, {"age": "1Y"}, {"unknown": True, "sex": "F", "name": "测试乙"}]
)
def test_silence_contradicts_nothing(patient: dict[str, Any]) -> None:
    assert contradictions(order(**patient), [instance()]) == []


@pytest.mark.parametrize(
    ("ordered", "shown", "same"),
    [
        ("测试甲", "CE^SHI^JIA", True),
        ("测试甲", "SHI JIA CE", True),
        ("测试甲", "Ceshijia=测试^甲", True),
        ("吕四", "LV^SI", True),
        ("吕四", "LU SI", True),
        ("单一", "SHAN^YI", True),
        ("测试甲", "CE^SHI^YI", False),
        ("测试甲", "测试^乙", False),
        ("Test Jia", "TEST^JIA", True),
        ("测试甲", "", True),
    ],
)
def test_names_are_one_by_sound_too(ordered: str, shown: str, same: bool) -> None:
    assert is_same_name(ordered, shown) is same
