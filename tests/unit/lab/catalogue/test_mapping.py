"""From a line to an item: by the message's LOINC or a technologist's row; the rest waits with its reason."""

from dataclasses import replace
from decimal import Decimal

import pytest

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.mapping import AnalyzerCode, MappingKey, Missing, Resolved, Unknown, measure, resolve
from services.lab.catalogue.values import NoValue
from services.lab.parse.message import ResultLine
from services.lab.rules.facts import Measured, Quantity

CATALOGUE = load_catalogue()
LINE = ResultLine(code="GLU", name="Glucose", value="100", unit="mg/dL", analyzer="C311", flags=("H",))


def rows(*codes: AnalyzerCode) -> dict[MappingKey, AnalyzerCode]:
    return {(one.analyzer, one.code, one.system): one for one in codes}


MAPPED = rows(AnalyzerCode("C311", "GLU", "GLU"))


def resolved(line: ResultLine, mappings: dict[MappingKey, AnalyzerCode] | None = None, specimen: str = "") -> Resolved:
    found = resolve(line, MAPPED if mappings is None else mappings, CATALOGUE, specimen_type=specimen)
    assert isinstance(found, Resolved)
    return found


def test_a_name_alone_is_never_enough() -> None:
    line = replace(LINE, code="x", name="葡萄糖")
    assert resolve(line, MAPPED, CATALOGUE) == Unknown(Missing.code, "x")


@pytest.mark.parametrize("loinc", ["14749-6", "2345-7"])
def test_a_loinc_of_the_message_maps_without_a_row(loinc: str) -> None:
    found = resolved(replace(LINE, code="anything", loinc=loinc), {})
    assert (found.item.code, found.by) == ("GLU", "loinc")


def test_a_row_is_of_one_analyzer_and_one_system() -> None:
    assert resolved(LINE).by == "mapping"
    assert resolve(replace(LINE, analyzer="C702"), MAPPED, CATALOGUE) == Unknown(Missing.code, "GLU")
    assert resolve(replace(LINE, coding_system="99X"), MAPPED, CATALOGUE) == Unknown(Missing.code, "GLU")


def test_a_row_of_an_item_that_is_gone_does_not_count() -> None:
    assert resolve(LINE, rows(AnalyzerCode("C311", "GLU", "GONE")), CATALOGUE) == Unknown(Missing.code, "GLU")


def test_an_unknown_unit_and_a_missing_one_wait_until_a_row_says_what_it_is() -> None:
    assert resolve(replace(LINE, unit="MGDL"), MAPPED, CATALOGUE) == Unknown(Missing.unit, "MGDL", "GLU")
    assert resolve(replace(LINE, unit=""), MAPPED, CATALOGUE) == Unknown(Missing.unit, "", "GLU")
    row = rows(AnalyzerCode("C311", "GLU", "GLU", unit="mg/dL", sent_unit="MGDL"))
    assert resolved(replace(LINE, unit="MGDL"), row).unit == "mg/dL"
    assert resolve(replace(LINE, unit="MGL"), row, CATALOGUE) == Unknown(Missing.unit, "MGL", "GLU")


def test_a_rows_unit_is_not_lent_to_another_item() -> None:
    row = rows(AnalyzerCode("C311", "GLU", "UREA", unit="mmol/L", sent_unit="MGDL"))
    line = replace(LINE, unit="MGDL", loinc="2345-7")
    assert resolve(line, row, CATALOGUE) == Unknown(Missing.unit, "MGDL", "GLU")


def test_a_ratio_needs_no_unit() -> None:
    assert resolved(ResultLine(code="1", loinc="6301-6", value="1.02"), {}).unit == "1"


@pytest.mark.parametrize(
    ("specimen", "fits"), [("", True), ("SER", True), ("血清", True), ("UR", False), ("??", False)]
)
def test_a_specimen_that_is_said_must_be_the_items(specimen: str, fits: bool) -> None:
    found = resolve(LINE, MAPPED, CATALOGUE, specimen_type=specimen)
    assert isinstance(found, Resolved) if fits else found == Unknown(Missing.specimen, specimen, "GLU")


def test_a_value_is_measured_in_the_items_unit_at_the_reports_decimals() -> None:
    expected = Measured("GLU", quantity=Quantity(Decimal("5.55"), "mmol/L"), flags=("H",), analyzer="C311")
    assert measure(LINE, resolved(LINE)) == expected


def test_no_value_words_and_an_unreadable_number_stay_what_they_are() -> None:
    assert measure(replace(LINE, value="----"), resolved(LINE)) == NoValue("----")
    assert measure(replace(LINE, value="5,5"), resolved(LINE)) == Unknown(Missing.value, "5,5", "GLU")
    words = measure(replace(LINE, value="溶血"), resolved(LINE))
    assert words == Measured("GLU", text="溶血", flags=("H",), analyzer="C311")


def test_a_unit_of_another_kind_waits() -> None:
    line = replace(LINE, unit="U/L")
    assert measure(line, resolved(line)) == Unknown(Missing.unit, "U/L", "GLU")
