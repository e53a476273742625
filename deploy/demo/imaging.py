"""The imaging centre's part of the demo: an emergency chest film, a CT slice, an MR slice."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.films import chest_film, packaged_image
from deploy.demo.story import Exam


def exams() -> list[Exam]:
    performed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
    film = chest_film("DEMO-0001", "测试甲", performed_at)
    return [
        _exam(
            "clinic1", "stat", ("DX-CHEST-PA", "胸部正位"), [("IM000001", film)], performed_at,
            patient={"id": "DEMO-0001", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"},
            clinical_info="咳嗽三天，胸痛一小时",
            form={
                "technique": "DX 胸部后前位",
                "findings": "胸廓对称，气管居中。双肺纹理清晰，未见明确实变影。"
                "心影大小形态正常。双侧膈面光整，肋膈角锐利。",
                "impression": "心肺膈未见明显异常。",
                "positive": False,
            },
        ),
        _exam(
            "clinic2", "urgent", ("CT-HEAD", "颅脑平扫"), [("CT_small.dcm", packaged_image("CT_small.dcm"))],
            performed_at,
            patient={"id": "DEMO-0002", "name": "测试乙", "sex": "F", "age": "72Y"},
            clinical_info="头晕半日",
            form={
                "technique": "CT 平扫，层厚 5 mm",
                "findings": "左侧基底节区见片状低密度影，边界欠清，大小约 1.2 cm × 0.8 cm。"
                "脑室系统未见扩张，中线结构居中。",
                "impression": "1. 左侧基底节区腔隙性脑梗死，建议 MR 检查。\n2. 未见出血征象。",
                "positive": True,
            },
        ),
        _exam(
            "clinic1", "routine", ("MR-HEAD", "颅脑 MR 平扫"), [("MR_small.dcm", packaged_image("MR_small.dcm"))],
            performed_at,
            patient={"id": "DEMO-0003", "name": "测试丙", "sex": "F", "birth_date": "1988-05-06"},
            clinical_info="反复头痛",
            form={
                "technique": "MR 平扫，T1WI",
                "findings": "脑实质内未见明确异常信号影。脑室、脑池形态正常，中线结构居中。",
                "impression": "颅脑 MR 平扫未见明显异常。",
                "positive": False,
            },
        ),
    ]  # fmt: skip


def _exam(
    clinic: str,
    priority: str,
    exam: tuple[str, str],
    files: list[tuple[str, bytes]],
    performed_at: datetime,
    *,
    patient: dict[str, Any],
    clinical_info: str,
    form: dict[str, Any],
) -> Exam:
    order = {
        "priority": priority,
        "exam": {"code": exam[0], "name": exam[1]},
        "performed_at": performed_at.isoformat(),
        "patient": patient,
        "encounter": {"type": "emergency" if priority == "stat" else "outpatient", "department": "全科"},
        "clinical_info": clinical_info,
        "requester": {"name": "测试医生"},
    }
    return Exam("imaging", clinic, order, files, form)
