"""The catalogue that ships, and what a catalogue may not hold."""

import pytest

from services.lab.catalogue.catalogue import DATA, CatalogueBroken, CatalogueFile, build, load_catalogue
from services.lab.catalogue.items import Kind

CATALOGUE = load_catalogue()
FILE = CatalogueFile.model_validate_json((DATA / "county_2026_1.json").read_bytes())


def test_what_ships() -> None:
    assert CATALOGUE.version == "county@2026.1"
    assert len(CATALOGUE.items) >= 90
    assert {"CBC5", "URINE", "LIVER", "KIDNEY", "ELECTROLYTES", "LIPIDS", "COAG"} <= {
        one.code for one in CATALOGUE.panels
    }


def test_look_ups() -> None:
    potassium = CATALOGUE.by_loinc("2823-3")
    assert potassium is not None
    assert potassium is CATALOGUE.item("K")
    assert potassium.name == "钾"
    assert CATALOGUE.group_of("K").code == "CHEMISTRY"
    assert [item.code for item in CATALOGUE.panel_items("COAG")] == ["PT", "INR", "APTT", "TT", "FIB"]
    assert CATALOGUE.panel_items("NONE") == ()
    assert CATALOGUE.item("NONE") is None
    assert CATALOGUE.by_loinc("1-1") is None


def test_loinc_codes_carry_their_check_digit() -> None:
    """The digit behind the hyphen is Luhn's (mod 10), so a slip of the pen shows."""
    wrong = []
    for item in CATALOGUE.items:
        for loinc in (item.loinc, *item.loinc_also):
            number, check = loinc.split("-")
            digits = [int(sign) for sign in reversed(number)]
            doubled = [sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
            if (10 - sum(doubled) % 10) % 10 != int(check):
                wrong.append(f"{item.code} {loinc}")
    assert wrong == []


def test_only_words_of_a_morphologist_need_a_physician() -> None:
    assert {item.code for item in CATALOGUE.items if item.diagnostic} == {"SMEAR", "MARROW"}
    assert all(item.kind is Kind.text for item in CATALOGUE.items if item.diagnostic)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": (*FILE.items, FILE.items[0])}, "item WBC twice"),
        ({"items": (FILE.items[0].model_copy(update={"unit": "cups"}), *FILE.items[1:])}, "unit cups unknown"),
        ({"items": (FILE.items[0].model_copy(update={"loinc": "789-8"}), *FILE.items[1:])}, "LOINC 789-8 twice"),
        ({"panels": (FILE.panels[0].model_copy(update={"items": ("NIL",)}),)}, "CBC5: item NIL unknown"),
        ({"groups": FILE.groups[1:]}, "item WBC in 0 groups"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(CatalogueBroken, match=message):
        build(FILE.model_copy(update=change))
