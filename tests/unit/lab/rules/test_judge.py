"""Autoverification: passes, flags and holds, and what cannot be decided."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.rules.facts import Judgement, Measured, Quantity, Subject
from services.lab.rules.judge import judge
from services.lab.rules.rule_set import RuleSet, load_rule_set

RULES = load_rule_set()
AT = datetime(2026, 6, 1, 2, tzinfo=UTC)
MAN = Subject(sex="M", age_days=40 * 365)
UNITS = {row.item: row.unit for row in (*RULES.intervals, *RULES.criticals)}
FLAG_ORDER = ["LL", "L", "N", "H", "HH"]


def of(item: str, value: str, comparator: str = "", **facts: object) -> Measured:
    return Measured(item, Quantity(Decimal(value), UNITS[item], comparator), **facts)  # type: ignore[arg-type]


def judged(*values: Measured, subject: Subject = MAN, **facts: object) -> tuple[Judgement, ...]:
    return judge(values, subject, facts.pop("previous", {}), RULES, at=AT, **facts)  # type: ignore[arg-type]


def codes(judgement: Judgement) -> list[str]:
    return [reason.code for reason in judgement.held_by]


def test_a_judgement_names_its_rule_set_and_interval() -> None:
    (found,) = judged(of("K", "4.0"))
    assert found.passes
    assert found.rule_set == "county@2026.1"
    assert found.interval is not None
    assert found.interval.text == "3.5～5.3"
    assert "WS/T 404.3" in found.interval.source


def test_a_critical_says_its_number_and_limit() -> None:
    (found,) = judged(of("K", "6.5"))
    assert found.critical is not None
    assert found.critical.numbers["value"] == "6.5"
    assert found.critical.numbers["limit"] == "≥6.2"
    assert "6.5 mmol/L" in found.critical.text
    assert not found.passes


@pytest.mark.parametrize("first", [frozenset({"PLT"}), lambda item: item == "PLT", None])
def test_a_first_only_critical_rings_for_the_first(first: object) -> None:
    haematology = Subject(sex="M", age_days=40 * 365, department="血液科")
    (found,) = judged(of("PLT", "8"), subject=haematology, is_first_critical=first)
    assert found.critical is not None
    (again,) = judged(of("PLT", "8"), subject=haematology, is_first_critical=frozenset())
    assert again.critical is None
    assert (again.flag, codes(again)) == ("LL", ["critical"])


def test_a_row_without_first_only_rings_each_time() -> None:
    (found,) = judged(of("K", "6.5"), is_first_critical=frozenset())
    assert found.critical is not None


def test_the_newborns_limits_end_on_day_28() -> None:
    assert judged(of("K", "3.4"), subject=Subject(age_days=27))[0].flag == "LL"
    assert judged(of("K", "3.4"), subject=Subject(age_days=28))[0].flag == ""
    assert judged(of("K", "6.2"), subject=Subject())[0].flag == "HH", "without an age the general row holds"


@pytest.mark.parametrize(
    ("value", "comparator", "flag", "held"),
    [
        ("3.5", "<", "L", ["critical_undecided", "below_range"]),  # all of it low, some of it critical
        ("3.6", "<", "", ["undecided", "critical_undecided", "below_range"]),
        ("2.8", "<", "LL", ["critical", "below_range"]),
        ("2.8", "<=", "LL", ["critical", "below_range"]),
        ("1.5", "<", "LL", ["critical"]),  # the analyzer's own limit: it cannot say more
        ("5.3", ">", "H", ["critical_undecided", "above_range"]),
        ("6.2", ">=", "HH", ["critical", "above_range"]),
        ("6.2", ">", "HH", ["critical", "above_range"]),
        ("1.0", ">", "", ["undecided", "critical_undecided", "above_range"]),
    ],
)
def test_a_comparator_is_decided_only_where_all_of_it_is(
    value: str, comparator: str, flag: str, held: list[str]
) -> None:
    (found,) = judged(of("K", value, comparator))
    assert found.flag == flag
    assert codes(found) == held


def test_a_change_hidden_by_a_comparator_counts_as_far_as_it_is_certain() -> None:
    past = {"MCV": [(AT - timedelta(days=3), of("MCV", "95"))]}
    assert "delta" in codes(judged(of("MCV", "80", "<"), previous=past)[0])
    assert "delta" not in codes(judged(of("MCV", "94", "<"), previous=past)[0])


def test_delta_looks_at_the_last_earlier_value_only() -> None:
    days = [(AT - timedelta(days=20), of("MCV", "80")), (AT - timedelta(days=1), of("MCV", "90"))]
    later = [(AT + timedelta(days=1), of("MCV", "70"))]
    assert codes(judged(of("MCV", "91"), previous={"MCV": [*later, *reversed(days)]})[0]) == []
    assert codes(judged(of("MCV", "91"), previous={"MCV": days[:1]})[0]) == ["delta"]


def test_two_rules_hold_one_value_each_in_its_own_words() -> None:
    held = judged(of("K", "5.0", analyzer="C1", indices={"haemolysis": Decimal(200)}, flags=("*",)),
                  qc_blocked=frozenset({("C1", "K")}))[0].held_by  # fmt: skip
    assert [reason.code for reason in held] == ["qc", "flag", "hil"]
    assert len({reason.text for reason in held}) == 3


def test_words_where_a_number_is_expected_are_held_and_kept() -> None:
    (found,) = judged(Measured("K", text="溶血"))
    assert (found.flag, codes(found)) == ("", ["no_interval"])


def test_one_item_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        judged(of("K", "4.0"), of("K", "4.1"))


def test_a_row_counts_between_its_dates_of_shanghai() -> None:
    row = RULES.intervals[0].model_copy(
        update={"scope": RULES.intervals[0].scope.model_copy(update={"valid_from": date(2026, 6, 2)})}
    )
    rules = RuleSet(**{**dict(RULES), "intervals": (row,)})
    for moment, has_interval in (
        (datetime(2026, 6, 1, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 6, 1, 16, 0, tzinfo=UTC), True),
    ):
        (found,) = judge([of("WBC", "6")], MAN, {}, rules, at=moment)
        assert (found.interval is not None) is has_interval


@given(
    item=st.sampled_from(["K", "NA", "GLU", "CA", "WBC", "HGB", "PLT", "CREA", "CRP", "TSH"]),
    pair=st.tuples(*[st.decimals(min_value="0.001", max_value="900", places=3)] * 2),
)
def test_a_higher_value_never_has_a_lower_flag(item: str, pair: tuple[Decimal, Decimal]) -> None:
    low, high = (judged(of(item, str(value)))[0].flag for value in sorted(pair))
    assert FLAG_ORDER.index(low) <= FLAG_ORDER.index(high)


@given(
    item=st.sampled_from(["K", "GLU", "CRP", "HGB"]),
    limit=st.decimals(min_value="0.1", max_value="300", places=1),
    part=st.decimals(min_value="0.001", max_value="0.999", places=3),
    above=st.booleans(),
)
def test_a_decided_comparator_is_the_flag_of_every_value_it_leaves_open(
    item: str, limit: Decimal, part: Decimal, above: bool
) -> None:
    flag = judged(of(item, str(limit), ">" if above else "<"))[0].flag
    inside = limit / part if above else limit * part
    one = judged(of(item, str(inside)))[0].flag
    assert flag in ("", one) or (flag, one) in {("L", "LL"), ("H", "HH")}


@given(st.permutations([of("TC", "4.0"), of("HDL", "1.5"), of("LDL", "3.0"), of("K", "4.0"), of("GLU", "30")]))
def test_the_order_of_values_changes_nothing(values: list[Measured]) -> None:
    found = {one.item: one for one in judged(*values)}
    assert {item: codes(one) for item, one in found.items()} == {
        "TC": ["same_sample"], "HDL": ["same_sample"], "LDL": ["same_sample"], "K": [], "GLU": ["critical"],
    }  # fmt: skip
    assert {one.item: one for one in judged(*values)} == found
