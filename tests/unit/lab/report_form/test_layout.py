import pytest

from services.lab.report_form.compose import content_of
from services.lab.report_form.content import ItemSaid
from services.lab.report_form.evidence import ResultFacts
from services.lab.report_form.layout import Row, is_narrow, rows_of, side_by_side
from tests.unit.lab.report_form.reports import blood_count, evidence, form, many, result


def items(*results: ResultFacts) -> list[ItemSaid]:
    return content_of(form(), evidence(*results)).items


def numbers(table: list[tuple[Row | None, Row | None]], side: int) -> list[int]:
    return [row.number for pair in table if (row := pair[side]) is not None]


@pytest.mark.parametrize(("count", "expected"), [(1, False), (16, False), (17, True), (60, True)])
def test_many_results_stand_in_two_columns(count: int, expected: bool) -> None:
    assert is_narrow(items(*many(count))) is expected


def test_a_result_in_words_needs_the_whole_width() -> None:
    assert is_narrow(items(*blood_count()))
    assert not is_narrow(items(*blood_count(), result("ORG", "大肠埃希菌阳性")))
    assert not is_narrow(items(*blood_count(), result("X", interval_text="男 3.9-6.1；女 3.5-5.9")))


@pytest.mark.parametrize("count", [1, 2, 17, 24, 59, 60, 61, 150])
def test_every_result_stands_once_and_reads_down_then_across(count: int) -> None:
    tables = side_by_side(rows_of(items(*many(count)), frozenset()))
    read = [number for table in tables for side in (0, 1) for number in numbers(table, side)]
    assert read == list(range(1, count + 1))
    for table in tables:
        assert 0 <= len(numbers(table, 0)) - len(numbers(table, 1)) <= 1


def test_a_subheading_stands_before_its_group() -> None:
    rows = rows_of(items(*many(2, group="干化学"), *many(1, group="尿沉渣"), *many(1)), frozenset())
    assert [(row.number, row.name[:3]) for row in rows] == [
        (0, "干化学"),
        (1, "项目T"),
        (2, "项目T"),
        (0, "尿沉渣"),
        (3, "项目T"),
        (4, "项目T"),
    ]


def test_a_subheading_is_not_left_at_the_foot_of_a_column() -> None:
    rows = rows_of(items(*many(9), *many(10, group="尿沉渣")), frozenset())
    (table,) = side_by_side(rows)
    assert numbers(table, 0)[-1] == 9
    assert numbers(table, 1)[0] == 0
