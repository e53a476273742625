"""From a line of a message to an item of the catalogue and a value in the item's unit; never by a name's likeness."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from services.lab.catalogue.catalogue import Catalogue
from services.lab.catalogue.items import Item, Kind, SpecimenType
from services.lab.catalogue.units import UnitUnknown, convert, keeps_digits, read_unit, rounded
from services.lab.catalogue.values import NoValue, Number, Unreadable, Words, read_value
from services.lab.parse.message import ResultLine
from services.lab.rules.facts import Measured, Quantity


@dataclass(frozen=True, slots=True)
class AnalyzerCode:
    """A technologist's row: this analyzer's code is that item.

    ``unit`` (UCUM) holds where the line's own unit is exactly ``sent_unit``: an analyzer that sends none, or one spelt
    as nobody else does.
    """

    analyzer: str
    code: str
    item: str
    system: str = ""
    unit: str = ""
    sent_unit: str = ""


MappingKey = tuple[str, str, str]
"""analyzer, code, coding system (HL7 table 0396; "" for the sender's own)."""


class Missing(StrEnum):
    code = "code"
    unit = "unit"
    specimen = "specimen"
    value = "value"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Waits in the visible list; ``text`` is what the message had."""

    reason: Missing
    text: str
    item: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """``unit``: UCUM of the value as sent; "" for words."""

    item: Item
    unit: str
    by: Literal["loinc", "mapping"]


_SPECIMENS: dict[str, frozenset[SpecimenType]] = {
    # HL7 tables 0070 and 0487, and what Chinese systems write
    **dict.fromkeys(("BLD", "WB", "BLDV", "VENBLD", "全血", "静脉血", "末梢血", "BLDC", "CAPBLD"),
                    frozenset({SpecimenType.blood})),
    **dict.fromkeys(("BLDA", "ARTBLD", "动脉血"), frozenset({SpecimenType.arterial_blood, SpecimenType.blood})),
    **dict.fromkeys(("SER", "SERUM", "血清"), frozenset({SpecimenType.serum})),
    **dict.fromkeys(("PLAS", "PLASMA", "PPP", "血浆"), frozenset({SpecimenType.plasma})),
    **dict.fromkeys(("UR", "URINE", "URNS", "尿", "尿液"), frozenset({SpecimenType.urine})),
    **dict.fromkeys(("STL", "STOOL", "FEC", "粪便", "大便"), frozenset({SpecimenType.stool})),
    **dict.fromkeys(("NPH", "SWAB", "THRT", "咽拭子", "鼻咽拭子", "拭子"), frozenset({SpecimenType.swab})),
    **dict.fromkeys(("MAR", "BM", "骨髓"), frozenset({SpecimenType.bone_marrow})),
}  # fmt: skip


def read_specimen(text: str) -> frozenset[SpecimenType] | None:
    """None for a type this laboratory has no word for; "" is read by the caller as "not said"."""
    return _SPECIMENS.get(text.strip().upper())


def resolve(
    line: ResultLine, mappings: Mapping[MappingKey, AnalyzerCode], catalogue: Catalogue, *, specimen_type: str = ""
) -> Resolved | Unknown:
    """A LOINC that the message itself says comes first; then the row of analyzer, code and system.

    A row of another system, of another analyzer, or of an item that is no longer in the catalogue does not count.
    A specimen that is not said is not checked; one that is said must be the item's.
    """
    row = mappings.get((line.analyzer, line.code, line.coding_system))
    item, by = (catalogue.by_loinc(line.loinc), "loinc") if line.loinc else (None, "")
    if item is None:
        item, by = (catalogue.item(row.item), "mapping") if row else (None, "")
    if item is None:
        return Unknown(Missing.code, line.loinc or line.code)
    if specimen_type.strip():
        specimens = read_specimen(specimen_type)
        if specimens is None or specimens.isdisjoint(item.specimens):
            return Unknown(Missing.specimen, specimen_type, item.code)
    unit = _unit(line, row, item)
    if unit is None:
        return Unknown(Missing.unit, line.unit, item.code)
    return Resolved(item, unit, "loinc" if by == "loinc" else "mapping")


def _unit(line: ResultLine, row: AnalyzerCode | None, item: Item) -> str | None:
    if item.kind is not Kind.quantity:
        return ""
    if row is not None and row.item == item.code and row.unit and row.sent_unit == line.unit:
        sent = row.unit
    elif line.unit.strip():
        sent = line.unit
    else:
        # A ratio and a pH have no unit to leave out; anything else without one could be two things.
        sent = item.unit if item.unit in {"1", "[pH]"} else ""
    unit = read_unit(sent)
    return unit.ucum if unit else None


def measure(line: ResultLine, resolved: Resolved) -> Measured | NoValue | Unknown:
    """The value in the item's unit.

    A change of property (mg/dL to mmol/L) is rounded to the decimals of the report, so that what is judged is what is
    printed; a move of the decimal point keeps the analyzer's digits.
    """
    item = resolved.item
    match read_value(line.value, item):
        case NoValue() as nothing:
            return nothing
        case Unreadable():
            return Unknown(Missing.value, line.value, item.code)
        case Words(text=text):
            return Measured(
                item.code, text=text, flags=line.flags, analyzer=line.analyzer, measured_at=line.observed_at
            )
        case Number() as number:
            quantity = convert(Quantity(number.value, resolved.unit, number.comparator), item)
            if isinstance(quantity, UnitUnknown):
                return Unknown(Missing.unit, line.unit, item.code)
            if not keeps_digits(resolved.unit, item):
                quantity = rounded(quantity, item)
            return Measured(
                item.code,
                quantity=quantity,
                flags=(*line.flags, *number.flags),
                analyzer=line.analyzer,
                measured_at=line.observed_at,
            )
