"""What the images say of patient and exam, to fill what the order leaves open and to be held against it."""

from collections.abc import Sequence

from services.imaging.parse.instance import Instance
from shared.events.case import CaseWarning, Exam, Patient
from shared.reading.workflow.doubts import ShownPatient

_REMARKS_SHOWN = {
    "charset_assumed": "影像文件未声明字符集，姓名等文字按机构默认字符集解读",
    "charset_invalid": "影像文件的文字与其声明的字符集不符，请核对姓名",
    "patient_name_differs": "同一患者编号下有不同姓名，请核对",
    "patient_id_differs": "影像文件中的患者编号不一致，请核对",
    "dicomdir_incomplete": "光盘目录所列的部分影像未上传",
}


def patient_of(facts: Sequence[Instance]) -> Patient:
    """From the first image; that all are of one patient was judged before."""
    shown = facts[0].patient
    return Patient.model_validate(
        {
            "id": shown.id or None,
            "name": shown.name,
            "sex": shown.sex or "U",
            "birth_date": shown.birth_date,
            "age": None if shown.birth_date else shown.age,
        }
    )


def exam_of(facts: Sequence[Instance]) -> Exam:
    """The exam's name is what the machine calls the study, else its first series."""
    first = facts[0]
    named = next((each for each in facts if each.study_description or each.series_description), first)
    return Exam(
        name=named.study_description or named.series_description,
        modality=modality_of(facts),
        body_part=next((each.body_part for each in facts if each.body_part), None),
        performed_at=first.study_at,
    )


def modality_of(facts: Sequence[Instance]) -> str | None:
    """The first that is a picture: a study's reports and presentation states do not say who reads it."""
    named = [each.modality for each in facts if each.modality]
    return next((name for name in named if name not in ("SR", "PR", "KO", "DOC", "AU")), next(iter(named), None))


def shown_patients(facts: Sequence[Instance]) -> list[ShownPatient]:
    """Each patient the images name, once."""
    return [
        ShownPatient(shown.id, shown.name_text, shown.sex, shown.birth_date)
        for shown in dict.fromkeys(each.patient for each in facts)
    ]


def remarks_as_warnings(remarks: Sequence[str]) -> list[CaseWarning]:
    """Of what parsing forgave, that which a reader should know."""
    return [CaseWarning(code=code, detail=text) for code, text in _REMARKS_SHOWN.items() if code in remarks]
