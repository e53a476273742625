from dataclasses import replace
from decimal import Decimal

from services.lab.report_form.compose import content_of
from services.lab.report_form.content import LabContent
from services.lab.report_form.evidence import StandingAuthorisation
from services.lab.rules.facts import Interval, Judgement, Reason
from shared.signing.canonical import canonical_bytes
from tests.unit.lab.report_form.reports import HELD, POTASSIUM, blood_count, evidence, form, report, result


def test_content_has_what_the_regulation_asks_for() -> None:
    said = content_of(form(), evidence(POTASSIUM)).model_dump(mode="json")
    assert said["laboratory"] == "示例县人民医院检验科"
    assert said["specimen"] == {
        "number": "L26112100001",
        "type": "静脉血",
        "condition": "合格",
        "collected_at": "2026-11-21T00:05:00Z",
        "received_at": "2026-11-21T01:40:00Z",
    }
    assert said["rule_set"] == "county@3"
    (item,) = said["items"]
    asked = {"item": "K", "name": "钾", "value": "6.8", "unit": "mmol/L", "interval": "3.5-5.3", "flag": "HH"}
    assert asked.items() <= item.items()
    assert item["is_critical"] is True
    assert item["method"] == "离子选择电极法"
    assert item["previous"] == {"value": "4.4", "at": "2026-11-01T02:00:00Z"}


def test_content_can_be_signed_and_read_back() -> None:
    content = content_of(form(), evidence(*blood_count()))
    assert canonical_bytes(content.model_dump(mode="json"))
    assert LabContent.model_validate(report(form(), evidence(*blood_count())).content) == content


def test_a_correction_keeps_both_values_and_is_flagged_anew() -> None:
    judged = Judgement("K", "", None)
    corrected = form(results={"K": {"action": "corrected", "value": "5.8", "reason": "溶血标本复检"}})
    (item,) = content_of(corrected, evidence(POTASSIUM, corrections={"K": judged})).items
    assert (item.value, item.flag, item.is_critical, item.status) == ("5.8", "", False, "corrected")
    assert item.interval == "3.5-5.3"
    assert item.correction is not None
    assert (item.correction.was, item.correction.reason) == ("6.8", "溶血标本复检")
    child = Interval(Decimal("3.7"), Decimal("5.9"), "mmol/L", "3.7-5.9")
    critical = Judgement("K", "HH", child, critical=Reason("critical", "≥6.2", "critical-k"))
    (item,) = content_of(corrected, evidence(POTASSIUM, corrections={"K": critical})).items
    assert (item.flag, item.is_critical, item.interval) == ("HH", True, "3.7-5.9")


def test_writing_the_measured_value_again_corrects_nothing() -> None:
    same = form(results={"K": {"action": "corrected", "value": "6.8", "reason": "x"}})
    assert content_of(same, evidence(POTASSIUM)) == content_of(form(), evidence(POTASSIUM))


def test_what_was_held_and_let_pass_is_signed() -> None:
    held = evidence(result("HGB", held_by=(HELD,)), result("WBC"))
    passed = form(accepted_holds=["*"], hold_reasons={"HGB": "复检一致", "WBC": "没有被扣"})
    hgb, wbc = content_of(passed, held).items
    assert [(each.code, each.text) for each in hgb.holds_passed] == [("delta", "与 2026-11-01 相比下降 42%")]
    assert hgb.hold_reason == "复检一致"
    assert wbc.holds_passed == []
    assert wbc.hold_reason == ""


def test_what_passed_by_the_signature_alone_is_signed_too() -> None:
    held = evidence(result("HGB", held_by=(Reason("no_interval", "没有适用的参考区间", "r"),)))
    (item,) = content_of(form(), held).items
    assert [(each.code, each.text) for each in item.holds_passed] == [("no_interval", "没有适用的参考区间")]


def test_what_is_withheld_or_missing_is_named() -> None:
    withheld = form(results={"K": {"action": "withhold", "reason": "溶血"}})
    said = content_of(withheld, evidence(POTASSIUM, result(), missing=("CRP",)))
    assert [each.item for each in said.items] == ["GLU"]
    assert [(each.item, each.reason) for each in said.withheld] == [("K", "溶血")]
    assert [each.item for each in said.missing] == ["CRP"]


def test_only_reported_items_are_recognised() -> None:
    said = content_of(form(), evidence(POTASSIUM, result(), recognised=frozenset({"GLU", "OTHER"})))
    assert said.recognised == ["GLU"]


def test_an_authorisation_names_its_person_and_rule_set() -> None:
    given = StandingAuthorisation("auth_1", "测试检验师甲", "county@3")
    said = content_of(form(), evidence(authorisation=given)).authorisation
    assert said is not None
    assert (said.person, said.rule_set) == ("测试检验师甲", "county@3")


def test_an_amendment_says_what_changed_and_nothing_else() -> None:
    before = evidence(POTASSIUM, result("GLU"), result("NA", "138"))
    released = content_of(form(impression="高钾"), before)
    now = evidence(
        replace(POTASSIUM, value_text="4.8", flag="N", is_critical=False), result("GLU"), result("CL", "101")
    )
    changes = content_of(form(), replace(now, released=released)).changes
    assert [(each.item, each.was, each.now) for each in changes] == [
        ("K", "6.8 mmol/L （3.5-5.3） ↑↑", "4.8 mmol/L （3.5-5.3）"),
        ("NA", "138 mmol/L （3.9-6.1）", ""),
        ("CL", "", "101 mmol/L （3.9-6.1）"),
        ("impression", "高钾", ""),
    ]
    assert content_of(form(impression="高钾"), replace(before, released=released)).changes == []
    assert content_of(form(), now).changes == []
