"""What the images say of patient and exam."""

import io
from typing import Any

from services.imaging.intake.card import exam_of, patient_of, shown_patients
from services.imaging.parse.instance import Instance, read_instance
from shared.events.case import Patient
from shared.reading.workflow.doubts import contradictions
from tests.support.dicom import dicom


def instance(**options: Any) -> Instance:
    raw = dicom(**options)
    return read_instance(io.BytesIO(raw), len(raw), default_charset=None)


def test_patient_and_exam_are_told_by_the_images() -> None:
    patient, exam = patient_of([instance()]), exam_of([instance()])
    assert (patient.name, patient.id, patient.sex, str(patient.birth_date)) == ("测试甲", "P001", "M", "1960-01-31")
    assert (exam.modality, exam.name) == ("DX", "CHEST PA")
    assert exam.performed_at is not None and exam.performed_at.isoformat() == "2026-11-21T10:20:00+08:00"


def test_the_images_patients_are_told_with_their_whole_name() -> None:
    (shown,) = shown_patients([instance(), instance()])
    assert (shown.id, shown.sex, str(shown.birth_date)) == ("P001", "M", "1960-01-31")
    assert contradictions(Patient(name="测试甲"), [shown], "影像文件") == []
    (warning,) = contradictions(Patient(name="测试乙"), [shown], "影像文件")
    assert (warning.code, warning.detail) == ("patient_mismatch", "影像文件中的姓名与申请单不一致，请核对患者身份")
