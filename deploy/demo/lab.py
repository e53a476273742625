"""The laboratory's part of the demo: blood that travels to the hospital and is measured there, and a blood count whose
results its clinic sends along with the order."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from deploy.demo.client import DemoFailed
from deploy.demo.story import Cast, Exam
from services.lab.catalogue.catalogue import load_catalogue
from shared.clock import to_shanghai

CHEMISTRY = {
    "ALT": "22", "AST": "19", "ALP": "78", "GGT": "25", "TP": "72.1", "ALB": "44.0", "TBIL": "11.2", "DBIL": "3.1",
    "UREA": "5.6", "CREA": "118", "UA": "388", "CYSC": "0.98", "K": "4.31", "NA": "141", "CL": "104", "CO2": "25.2",
    "CA": "2.31", "P": "1.12", "MG": "0.88", "GLU": "5.42",
}  # fmt: skip
COUNT = {
    "WBC": "6.42", "NEUT_P": "58.3", "LYMPH_P": "32.0", "MONO_P": "6.6", "EO_P": "2.5", "BASO_P": "0.6",
    "NEUT": "3.74", "LYMPH": "2.05", "MONO": "0.42", "EO": "0.16", "BASO": "0.04", "RBC": "4.61", "HGB": "139",
    "HCT": "41.2", "MCV": "89.4", "MCH": "30.2", "MCHC": "337", "RDW_CV": "12.8", "RDW_SD": "41.5",
    "PLT": "231", "MPV": "10.2", "PDW": "12.1", "PCT_PLT": "0.24",
}  # fmt: skip


def exams() -> list[Exam]:
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        Exam(
            "lab", "clinic1",
            _order({"id": "DEMO-0006", "name": "测试己", "sex": "M", "birth_date": "1966-03-09"}, "urgent",
                   "生化", panels=["KIDNEY", "ELECTROLYTES", "GLUCOSE"]),
            [], {"comment": "肌酐轻度升高，建议复查。", "positive": True}, "lab1", "lab2", measure_at_hospital,
        ),
        Exam(
            "lab", "clinic2",
            _order({"id": "DEMO-0007", "name": "测试庚", "sex": "F", "birth_date": "1990-11-02"}, "routine",
                   "血常规", panels=["CBC5"]),
            [("CBC.hl7", _message("", COUNT, now, "PID|1||DEMO-0007||测试庚||19901102|F").encode("gb18030"))],
            {
                "positive": False,
                "accepted_holds": ["RDW_SD"],
                "hold_reasons": {"RDW_SD": "与 RDW-CV 及红细胞其他指标相符"},
            },
            "lab1", "lab2",
        ),
    ]  # fmt: skip


def measure_at_hospital(exam: Exam, cast: Cast, tell: Callable[[str], None]) -> Any:
    """Ordered, labelled, packed and received; the analyzer's message comes through the hospital's own system."""
    clinic, technologist = cast.people[exam.clinic], cast.people[exam.author]
    placed = clinic.call("POST", "/lab/v1/orders", 202, json=exam.order)
    case = placed["cases"][0]
    number = case["specimens"][0]["number"]
    if not clinic.fetch(f"/lab/v1/specimens/{number}/label.pdf").startswith(b"%PDF"):
        raise DemoFailed(f"the label of {number} is no PDF")
    tell(f"{exam.clinic} 申请 {exam.order['exam']['name']} → {placed['accession_number']}，标本 {number}")
    clinic.call("POST", f"/lab/v1/specimens/{number}/collected")
    clinic.call("POST", f"/lab/v1/specimens/{number}/packed", json={"box": "DEMO-1", "temperature_c": 4.0})
    technologist.call("POST", f"/lab/v1/specimens/{number}/received")
    wanted = {item: CHEMISTRY[item] for item in case["items"] if item in CHEMISTRY}
    cast.hospital.send_hl7("/lab/v1/messages", _message(number, wanted, datetime.now(UTC), "PID|1").encode())
    shown = technologist.call("GET", f"/lab/v1/cases/{case['case_id']}")
    tell(f"  {exam.author} 接收标本，仪器结果 {len(wanted)} 项，状态 {shown['state']}")
    return {**case, "warnings": shown["warnings"]}


def _order(patient: dict[str, Any], priority: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "priority": priority,
        "exam": {"name": name},
        "patient": patient,
        "encounter": {"type": "outpatient", "department": "全科"},
        "clinical_info": "健康复查",
        "requester": {"name": "测试医生"},
        **more,
    }


def _message(number: str, values: dict[str, str], at: datetime, patient: str) -> str:
    """ORU^R01 with LOINC and UCUM, as the hospital's middleware writes it."""
    catalogue = load_catalogue()
    moment = to_shanghai(at).strftime("%Y%m%d%H%M%S+0800")
    charset = "UNICODE UTF-8" if patient == "PID|1" else "GB 18030-2000"
    lines = [
        f"MSH|^~\\&|DEMO-ANALYZER|LAB|GONGZHEN|A|{moment}||ORU^R01^ORU_R01|{moment[:14]}{number[-4:]}|P|2.5.1||||||{charset}",
        patient,
        f"OBR|1||{number}|LAB^Laboratory||||||||||||||||||||||F",
    ]
    for place, (code, value) in enumerate(values.items(), start=1):
        item = catalogue.item(code)
        if item is None:
            raise DemoFailed(f"{code} is not in the catalogue")
        lines.append(f"OBX|{place}|NM|{item.loinc}^{code}^LN||{value}|{item.unit}|||||F|||{moment}||||DEMO-ANALYZER")
    return "\r".join(lines) + "\r"
