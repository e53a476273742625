"""The ECG centre's part of the demo: a real 12-lead DICOM of pydicom's package, and an ECG made by code."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.curves import slow_with_long_pr
from deploy.demo.films import packaged_image
from deploy.demo.story import Exam


def exams() -> list[Exam]:
    performed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    return [
        _exam(
            "clinic2", "stat", [("waveform_ecg.dcm", packaged_image("waveform_ecg.dcm"))], performed_at,
            patient={"id": "DEMO-0004", "name": "测试丁", "sex": "F", "age": "47Y"},
            clinical_info="胸闷两小时",
            form={
                "rhythm": "窦性心律",
                "findings": "P 波规律出现，QRS 时限正常，ST 段无偏移，T 波直立。",
                "impression": "正常心电图。",
                "positive": False,
            },
        ),
        _exam(
            "clinic1", "routine", [("ECG0001.json", slow_with_long_pr(performed_at))], performed_at,
            patient={"id": "DEMO-0005", "name": "测试戊", "sex": "M", "birth_date": "1951-09-08"},
            clinical_info="体检，自述乏力",
            form={
                "rhythm": "窦性心动过缓",
                "findings": "窦性 P 波，心率 46 次/分；PR 间期延长。",
                "impression": "1. 窦性心动过缓。\n2. 一度房室阻滞，建议随访。",
                "positive": True,
                "layout": "6x2",
            },
        ),
    ]  # fmt: skip


def _exam(
    clinic: str,
    priority: str,
    files: list[tuple[str, bytes]],
    performed_at: datetime,
    *,
    patient: dict[str, Any],
    clinical_info: str,
    form: dict[str, Any],
) -> Exam:
    order = {
        "priority": priority,
        "exam": {"code": "ECG-12", "name": "十二导联心电图"},
        "performed_at": performed_at.isoformat(),
        "patient": patient,
        "encounter": {"type": "emergency" if priority == "stat" else "outpatient", "department": "全科"},
        "clinical_info": clinical_info,
        "requester": {"name": "测试医生"},
    }
    return Exam("ecg", clinic, order, files, form)
