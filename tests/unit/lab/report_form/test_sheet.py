import time
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from services.lab.report_form.compose import content_of
from services.lab.report_form.evidence import LabEvidence, StandingAuthorisation
from services.lab.report_form.sheet import render_sheet
from services.lab.rules.facts import Judgement
from shared.paper.render import Sheet
from shared.signing.document import SignerRole
from tests.unit.ecg.report_form.paper import page_sizes_mm
from tests.unit.lab.label.scanner import PIXELS_PER_MM, pixel_row, runs, scan
from tests.unit.lab.report_form.reports import (
    HELD,
    POTASSIUM,
    SPECIMEN,
    blood_count,
    evidence,
    form,
    many,
    report,
    result,
)
from tests.unit.paper.reading import pages_of
from tests.unit.signing.people import statement

_BARS_MM = 18.0
_BARS_END_MM = 56.0


def sheet(stands_on: LabEvidence, written: dict[str, Any] | None = None, **changes: Any) -> Sheet:
    return render_sheet(report(form(**(written or {})), stands_on, **changes))


def pages(stands_on: LabEvidence, written: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    return pages_of(sheet(stands_on, written, **changes).pdf)


def test_one_page_says_what_a_report_must() -> None:
    made = sheet(evidence(*blood_count()))
    (page,) = pages_of(made.pdf)
    for words in (
        "示例县人民医院（区域医学检验中心）",
        "检验报告单",
        "姓名：测试甲",
        "性别：男",
        "年龄：66岁",
        "门诊号：MZ1",
        "送检机构：示例甲镇卫生院",
        "申请医师：测试医生",
        "检验单号：A20261121000123",
        "科别：内科",
        "标本类型：静脉血",
        "标本状态：合格",
        "检验项目：血常规五分类",
        "采集时间：2026-11-2108:05",
        "接收时间：2026-11-2109:40",
        "报告时间：2026-11-2110:31",
        "序项目结果标志单位参考区间",
        "1白细胞计数WBC12.31↑10^9/L3.5-9.5",
        "12红细胞计数RBC3.92↓10^12/L4.3-5.8",
        "↑高于参考区间↓低于参考区间",
        "检验实验室：示例县人民医院检验科",
        "审核规则county@3",
        "检验者：测试检验师甲",
        "审核者：",
        "本报告仅对该标本负责",
        "第1页共1页",
    ):
        assert words in page
    assert "危" not in page
    assert "历史结果" not in page
    assert "L26112100001" in page
    assert page_sizes_mm(made.pdf) == [pytest.approx((210, 297), abs=0.1)]
    assert set(made.boxes) == {SignerRole.AUTHOR, SignerRole.REVIEWER}
    assert made.missing == ()


def test_the_barcode_on_the_sheet_scans() -> None:
    row = pixel_row(sheet(evidence()).pdf, 0, _BARS_MM)[: round(_BARS_END_MM * PIXELS_PER_MM)]
    assert scan(row) == "L26112100001"
    assert min(length for _dark, length in runs(row)) >= 0.25 * PIXELS_PER_MM - 1


@pytest.mark.parametrize("number", ["标本一", "X" * 60])
def test_a_number_without_a_code_is_still_printed(number: str) -> None:
    (page,) = pages(evidence(specimen=replace(SPECIMEN, number=number)))
    assert f"标本号：{number}" in page


def test_few_results_have_previous_values_and_methods() -> None:
    (page,) = pages(evidence(POTASSIUM, result("NA", "138")))
    assert "序项目结果标志单位参考区间历史结果方法" in page
    assert "4.4（26-11-01）" in page
    assert "离子选择电极法" in page


def test_a_critical_value_is_marked() -> None:
    (page,) = pages(evidence(POTASSIUM), critical=[{"code": "K", "text": "钾 6.8 mmol/L"}])
    assert "1钾K6.8↑↑危mmol/L3.5-5.3" in page.replace("\ufffe", "")
    assert "危急值：钾6.8mmol/L" in page
    assert "危危急值" in page


def test_results_in_words_stand_under_their_headings() -> None:
    urine = (result("PRO", "2+", flag="A", group="干化学"), result("RBC", "56.3", flag="H", group="尿沉渣"))
    (page,) = pages(evidence(*urine), {"findings": "可见管型。", "impression": "蛋白尿", "comment": "晨尿复查"})
    assert page.index("干化学") < page.index("2+*") < page.index("尿沉渣") < page.index("56.3↑")
    for words in ("*异常", "形态学描述：可见管型。", "结果解释：蛋白尿", "备注：晨尿复查"):
        assert words in page


@pytest.mark.parametrize("count", [60, 150])
def test_more_results_than_a_page_holds_go_on_under_the_same_head(count: int) -> None:
    made = sheet(evidence(*many(count)), {"findings": "说明。\n" * 12})
    found = pages_of(made.pdf)
    assert len(found) >= 2
    text = "".join(found)
    for number in range(1, count + 1):
        assert f"项目T{number}{number}.5" in text
    for page in found:
        assert "测试甲" in page
        if "项目T" in page:
            assert "序项目结果标志单位参考区间" in page
    assert all("标本号L26112100001" in page for page in found[1:])
    assert {box.page for box in made.boxes.values()} == {len(found) - 1}


def test_nobody_turns_the_page_within_a_column() -> None:
    first, second = pages(evidence(*many(110)))
    assert "项目T7272.5" in first
    assert "项目T7373.5" not in first
    assert "项目T7373.5" in second
    (alone,) = pages(evidence(*many(72)))
    assert "第1页共1页" in alone


def test_a_long_single_column_repeats_its_head() -> None:
    found = pages(evidence(*many(60, interval_text="男 3.9-6.1；女 3.5-5.9")))
    assert len(found) >= 2
    assert all("参考区间" in page for page in found)


def test_a_preliminary_report_says_what_it_lacks() -> None:
    written = {
        "acknowledged": ["result_missing"],
        "results": {"K": {"action": "withhold", "reason": "溶血，重新采样"}},
    }
    made = sheet(
        evidence(POTASSIUM, result(reported_status="preliminary"), missing=("CRP",)),
        written,
        status="preliminary",
        signature_roles=["author"],
    )
    (page,) = pages_of(made.pdf)
    for words in (
        "初步报告",
        "最终结果以正式报告为准",
        "以下项目尚无结果：项目CRP。",
        "以下项目暂不报告：钾（溶血，重新采样）。",
        "5.1（初）",
        "（初）初步结果",
    ):
        assert words in page
    assert "6.8" not in page
    assert set(made.boxes) == {SignerRole.AUTHOR}


def test_an_amendment_shows_before_and_after() -> None:
    released = content_of(form(), evidence(POTASSIUM, result()))
    now = evidence(replace(POTASSIUM, value_text="4.8", flag="N", is_critical=False), result(), released=released)
    amends = {"version": 1, "sha256": "0" * 64, "reason": "标本溶血"}
    (page,) = pages(now, status="amended", version=2, amends=amends)
    for words in (
        "修订报告",
        "替代第1版，原版作废。修订原因：标本溶血",
        "修改前修改后",
        "钾6.8mmol/L（3.5-5.3）↑↑→4.8mmol/L（3.5-5.3）",
    ):
        assert words in page
    (first,) = pages(evidence(POTASSIUM))
    assert "修订内容" not in first


def test_a_correction_shows_both_values() -> None:
    corrected = {"K": {"action": "corrected", "value": "4.9", "reason": "复检"}}
    (page,) = pages(evidence(POTASSIUM, corrections={"K": Judgement("K", "N", None)}), {"results": corrected})
    assert "4.9▲" in page
    assert "▲钾：测定值6.8，修正为4.9（复检）" in page


def test_what_was_looked_at_and_by_whose_authority_is_printed() -> None:
    given = StandingAuthorisation("auth_1", "测试检验师乙", "county@3")
    stands_on = evidence(result("HGB", held_by=(HELD,)), authorisation=given)
    (page,) = pages(stands_on, {"accepted_holds": ["HGB"], "hold_reasons": {"HGB": "复检一致"}})
    assert "经人工复核后报告：项目HGB（复检一致）" in page
    assert "自动审核，一人签发；授权人测试检验师乙（auth_1），规则版本county@3" in page


def test_recognition_is_marked_item_by_item() -> None:
    """An item without a passed assessment must not be marked (国卫医发〔2022〕6号), so the sheet as a whole is not."""
    stands_on = evidence(result("GLU"), result("NA"), recognised=frozenset({"GLU"}))
    (page,) = pages(stands_on, recognition_mark="示例县HR")
    assert "★项目GLU" in page
    assert "★项目NA" not in page
    assert page.count("示例县HR") == 1
    (unmarked,) = pages(stands_on)
    assert "★" not in unmarked


def test_what_is_not_known_is_said_and_never_an_error() -> None:
    bare = replace(SPECIMEN, type="", condition="", collected_at=None, received_at=None)
    (page,) = pages(
        evidence(result(unit="", interval_text="", flag=""), specimen=bare, rule_set=""),
        encounter=None,
        clinical_info=None,
        requester=None,
    )
    for words in ("标本类型：—", "标本状态：—", "采集时间：—", "接收时间：—"):
        assert words in page
    assert "审核规则" not in page


def test_words_are_never_markup() -> None:
    (page,) = pages(evidence(result(name="#eval(*x*)", value_text="<0.5")), {"comment": "$x$ _y_ @z"})
    assert "#eval(*x*)" in page
    assert "<0.5" in page
    assert "$x$_y_@z" in page


def test_the_same_statement_gives_the_same_bytes_quickly() -> None:
    document = report(form(), evidence(*blood_count()))
    render_sheet(document)
    started = time.process_time()
    assert render_sheet(document).pdf == render_sheet(document).pdf
    assert time.process_time() - started < 2.0


def test_content_of_another_centre_is_refused() -> None:
    with pytest.raises(ValidationError):
        render_sheet(statement())
