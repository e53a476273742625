"""The case's card: the order first, the images where the order is silent, and what the two contradict."""

from collections.abc import Sequence

from services.imaging.intake.names import is_same_name
from services.imaging.intake.order import Order
from services.imaging.parse.instance import Instance
from services.imaging.parse.patient import PatientFacts
from shared.events.case import Card, CaseWarning, Patient

_REMARKS_SHOWN = {
    "charset_assumed": "影像文件未声明字符集，姓名等文字按机构默认字符集解读",
    "charset_invalid": "影像文件的文字与其声明的字符集不符，请核对姓名",
    "patient_name_differs": "同一患者编号下有不同姓名，请核对",
    "patient_id_differs": "影像文件中的患者编号不一致，请核对",
    "dicomdir_incomplete": "光盘目录所列的部分影像未上传",
}


def fill_card(order: Order, instances: Sequence[Instance]) -> Card:
    """Raises nothing; without instances (an order before any bytes) the card is the order."""
    patient, exam = order.to_patient(), order.to_exam()
    if instances:
        first = instances[0]
        patient = _fill_patient(patient, first.patient)
        exam = exam.model_copy(
            update={
                "name": exam.name or first.study_description or first.series_description,
                "modality": exam.modality or first.modality[:16] or None,
                "body_part": exam.body_part or first.body_part or None,
                "performed_at": exam.performed_at or first.study_at,
            }
        )
    return Card(
        patient=patient,
        exam=exam,
        encounter=order.to_encounter(),
        clinical_info=order.clinical_info,
        requester=order.to_requester(),
    )


def contradictions(order: Order, instances: Sequence[Instance]) -> list[CaseWarning]:
    """One ``patient_mismatch`` naming the fields (never their values) in which an image denies the order.

    Fields either side leaves empty say nothing; a patient declared unknown cannot be contradicted.
    """
    if order.patient.unknown:
        return []
    fields = [
        word for word in ("姓名", "性别", "出生日期", "患者编号") if any(_differs(word, order, i) for i in instances)
    ]
    if not fields:
        return []
    return [
        CaseWarning(code="patient_mismatch", detail=f"影像文件中的{'、'.join(fields)}与申请单不一致，请核对患者身份")
    ]


def remarks_as_warnings(remarks: Sequence[str]) -> list[CaseWarning]:
    """Of what parsing forgave, that which a reader should know."""
    return [CaseWarning(code=code, detail=text) for code, text in _REMARKS_SHOWN.items() if code in remarks]


def _fill_patient(patient: Patient, shown: PatientFacts) -> Patient:
    if patient.unknown:
        return patient
    return patient.model_copy(
        update={
            "id": patient.id or shown.id or None,
            "name": patient.name or shown.name,
            "sex": shown.sex if patient.sex == "U" and shown.sex else patient.sex,
            "birth_date": patient.birth_date or (None if patient.age else shown.birth_date),
            "age": patient.age or (None if patient.birth_date or shown.birth_date else shown.age),
        }
    )


def _differs(word: str, order: Order, instance: Instance) -> bool:
    ordered, shown = order.patient, instance.patient
    if word == "姓名":
        return bool(ordered.name and shown.name_text) and not is_same_name(ordered.name, shown.name_text)
    if word == "性别":
        return ordered.sex in ("M", "F") and shown.sex in ("M", "F") and ordered.sex != shown.sex
    if word == "出生日期":
        return None not in (ordered.birth_date, shown.birth_date) and ordered.birth_date != shown.birth_date
    return bool(ordered.id and shown.id) and ordered.id != shown.id
