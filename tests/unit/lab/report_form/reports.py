"""Results, forms, evidence and statements of the laboratory for tests; all of them plainly made up."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.lab.report_form.compose import content_of
from services.lab.report_form.evidence import LabEvidence, MissingItem, Previous, ResultFacts, SpecimenFacts
from services.lab.report_form.form import LabForm
from services.lab.rules.facts import Reason
from shared.signing.document import ReportDocument
from tests.unit.signing.people import statement

COLLECTED = datetime(2026, 11, 21, 0, 5, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 21, 1, 40, tzinfo=UTC)
MEASURED = datetime(2026, 11, 21, 2, 20, tzinfo=UTC)
SPECIMEN = SpecimenFacts("L26112100001", "静脉血", "合格", COLLECTED, RECEIVED)
HELD = Reason("delta", "与 2026-11-01 相比下降 42%", "delta-hgb")

_CBC = """
WBC|白细胞计数|12.31|10^9/L|3.5-9.5|H
NEUT%|中性粒细胞百分比|78.2|%|40-75|H
LYMPH%|淋巴细胞百分比|14.9|%|20-50|L
MONO%|单核细胞百分比|5.2|%|3-10|N
EO%|嗜酸性粒细胞百分比|1.3|%|0.4-8.0|N
BASO%|嗜碱性粒细胞百分比|0.4|%|0-1|N
NEUT|中性粒细胞绝对值|9.63|10^9/L|1.8-6.3|H
LYMPH|淋巴细胞绝对值|1.83|10^9/L|1.1-3.2|N
MONO|单核细胞绝对值|0.64|10^9/L|0.1-0.6|H
EO|嗜酸性粒细胞绝对值|0.16|10^9/L|0.02-0.52|N
BASO|嗜碱性粒细胞绝对值|0.05|10^9/L|0-0.06|N
RBC|红细胞计数|3.92|10^12/L|4.3-5.8|L
HGB|血红蛋白|118|g/L|130-175|L
HCT|红细胞压积|0.362|L/L|0.40-0.50|L
MCV|平均红细胞体积|92.3|fL|82-100|N
MCH|平均红细胞血红蛋白量|30.1|pg|27-34|N
MCHC|平均红细胞血红蛋白浓度|326|g/L|316-354|N
RDW-CV|红细胞分布宽度变异系数|13.1|%|11.5-14.5|N
RDW-SD|红细胞分布宽度标准差|43.5|fL|37-54|N
PLT|血小板计数|231|10^9/L|125-350|N
MPV|平均血小板体积|10.2|fL|7.4-12.5|N
PDW|血小板分布宽度|16.1|fL|9-17|N
PCT|血小板压积|0.235|%|0.108-0.282|N
P-LCR|大型血小板比率|27.4|%|13-43|N
"""
POTASSIUM = ResultFacts(
    "K",
    "钾",
    "6.8",
    "mmol/L",
    "3.5-5.3",
    "HH",
    name_en="K",
    loinc="2823-3",
    is_critical=True,
    method="离子选择电极法",
    analyzer="生化仪 1",
    measured_at=MEASURED,
    previous=Previous("4.4", datetime(2026, 11, 1, 2, 0, tzinfo=UTC)),
)


def result(item: str = "GLU", value: str = "5.1", **changes: Any) -> ResultFacts:
    facts = ResultFacts(item, f"项目{item}", value, "mmol/L", "3.9-6.1", "N", measured_at=MEASURED)
    return replace(facts, **changes)


def blood_count() -> tuple[ResultFacts, ...]:
    lines = [line.split("|") for line in _CBC.strip().splitlines()]
    return tuple(
        result(code, value, name=name, name_en=code, unit=unit, interval_text=interval, flag=flag)
        for code, name, value, unit, interval, flag in lines
    )


def many(count: int, **changes: Any) -> tuple[ResultFacts, ...]:
    return tuple(result(f"T{number}", f"{number}.5", **changes) for number in range(1, count + 1))


def evidence(*results: ResultFacts, missing: tuple[str, ...] = (), **changes: Any) -> LabEvidence:
    stands_on = LabEvidence(
        laboratory="示例县人民医院检验科",
        specimen=SPECIMEN,
        results=results or (result(),),
        missing=tuple(MissingItem(item, f"项目{item}") for item in missing),
        rule_set="county@3",
    )
    return replace(stands_on, **changes)


def form(**fields: Any) -> LabForm:
    return LabForm.model_validate(fields)


def report(filled: LabForm, stands_on: LabEvidence, **changes: Any) -> ReportDocument:
    content = content_of(filled, stands_on).model_dump(mode="json")
    exam = {"code": "CBC", "name": "血常规五分类", "modality": "LAB"}
    return statement(**{"center": "lab", "exam": exam, "content": content, "author": _AUTHOR, **changes})


_AUTHOR = {"id": "account_lab1", "name": "测试检验师甲"}
