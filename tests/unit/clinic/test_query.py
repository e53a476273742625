from datetime import UTC, datetime

import pytest

from clinic.config import Peer
from clinic.dicom.query import answer_of, modality_of, name_of
from clinic.spool.worklist import Entry

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)  # the 22nd in Shanghai


def entry(**more: str) -> Entry:
    return Entry(
        **{
            "case_id": "case_1", "center": "imaging", "accession_number": "A1", "priority": "stat",
            "ordered_at": "2026-11-21T02:00:00Z", "patient_name": "测试甲", "patient_id": "P1", **more,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("style", "expected"), [("both", "CE SHI JIA=测试甲"), ("chinese", "测试甲"), ("pinyin", "CE SHI JIA")]
)
def test_a_name_is_written_as_the_machine_can_show_it(style: str, expected: str) -> None:
    assert name_of("测试甲", style) == expected


def test_a_latin_name_stays_as_it_is() -> None:
    assert name_of("TEST A", "both") == "TEST A"


def test_a_machine_without_chinese_gets_letters_only() -> None:
    answer = answer_of(entry(exam_name="胸部正位"), "DX", Peer(ae_title="OLD", charset="ASCII"), NOW, "")
    assert "SpecificCharacterSet" not in answer
    assert str(answer.PatientName).isascii()
    assert answer.RequestedProcedureDescription.isascii()


def test_an_order_without_an_appointment_is_due_today_in_china() -> None:
    step = answer_of(entry(), "DX", Peer(ae_title="CT1"), NOW, "").ScheduledProcedureStepSequence[0]
    assert step.ScheduledProcedureStepStartDate == "20261122"
    assert step.ScheduledStationAETitle == "CT1"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"modality": "CR"}, "CR"),
        ({"exam_code": "DX-CHEST-PA"}, "DX"),
        ({"exam_code": "X1"}, ""),
        ({"center": "ecg"}, "ECG"),
    ],
)
def test_the_modality_is_the_orders_or_its_codes(more: dict[str, str], expected: str) -> None:
    assert modality_of(entry(**more)) == expected
