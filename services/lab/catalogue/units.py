"""Units as analyzers write them, and exact conversion to the unit of the item.

A table of our own (UCUM codes of the kinds of quantity that a county laboratory prints): a unit that is not in it is
unknown and waits for a technologist; nothing is inferred from a likeness.
"""

import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from services.lab.catalogue.items import Item
from services.lab.rules.facts import Quantity

_CONTEXT = Context(prec=28, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor`` brings a value to the base of its dimension (g/L, mol/L, 1/L, U/L …)."""

    ucum: str
    dimension: str
    factor: Fraction


@dataclass(frozen=True, slots=True)
class UnitUnknown:
    """The value stays as it was sent; ``unit`` is the sender's spelling."""

    unit: str
    item: str


def _power(exponent: int) -> Fraction:
    return Fraction(10) ** exponent


_PREFIX = {"": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}


def _concentrations() -> list[Unit]:
    per = {"L": 0, "dL": -1, "mL": -3, "uL": -6}
    units = [
        Unit(f"{prefix}{base}/{volume}", dimension, _power(up - down))
        for base, dimension, prefixes in (
            ("g", "mass", ("", "m", "u", "n", "p")),
            ("mol", "molar", ("m", "u", "n", "p")),
            ("eq", "equivalents", ("m",)),
            ("U", "activity", ("", "m", "u", "k")),
            ("[IU]", "arbitrary", ("", "m", "u", "k")),
        )
        for prefix in prefixes
        for volume, down in per.items()
        for up in (3 if prefix == "k" else _PREFIX[prefix],)
    ]
    units += [Unit(f"10*{exponent}/L", "count", _power(exponent)) for exponent in (3, 6, 9, 12)]
    units += [Unit(f"10*{exponent}/uL", "count", _power(exponent + 6)) for exponent in (3, 6)]
    units += [Unit("/L", "count", Fraction(1)), Unit("/uL", "count", _power(6)), Unit("/mL", "count", _power(3))]
    # D-dimer: fibrinogen-equivalent and D-dimer units differ about twofold, so plain mg/L is neither of them.
    units += [
        Unit(f"{prefix}g/{volume}{{FEU}}", "feu", _power(_PREFIX[prefix] - down))
        for prefix in ("m", "u", "n")
        for volume, down in (("L", 0), ("mL", -3))
    ]
    return units


UNITS: dict[str, Unit] = {
    unit.ucum: unit
    for unit in (
        *_concentrations(),
        Unit("1", "number", Fraction(1)),
        Unit("%", "fraction", Fraction(1, 100)),
        Unit("L/L", "fraction", Fraction(1)),
        Unit("fL", "volume", _power(-15)),
        Unit("um3", "volume", _power(-15)),
        Unit("pg", "cell_mass", _power(-12)),
        Unit("fmol", "cell_amount", _power(-15)),
        Unit("s", "time", Fraction(1)),
        Unit("min", "time", Fraction(60)),
        Unit("mm/h", "sedimentation", Fraction(1)),
        Unit("/[HPF]", "high_power_field", Fraction(1)),
        Unit("mm[Hg]", "pressure", Fraction(133322387415, 10**12)),
        Unit("kPa", "pressure", Fraction(1)),
        Unit("[pH]", "ph", Fraction(1)),
        Unit("mL/min/{1.73_m2}", "clearance", Fraction(1)),
    )
}

_SPELLINGS: dict[str, str] = {
    "giga/l": "10*9/L", "tera/l": "10*12/L", "e9/l": "10*9/L", "e12/l": "10*12/L",
    "k/ul": "10*3/uL", "e3/ul": "10*3/uL", "10*3/mm3": "10*3/uL",
    "m/ul": "10*6/uL", "e6/ul": "10*6/uL", "10*6/mm3": "10*6/uL",
    "/mm3": "/uL", "个/ul": "/uL", "cells/ul": "/uL", "{cells}/ul": "/uL", "1/ul": "/uL",
    "/hp": "/[HPF]", "/hpf": "/[HPF]", "个/hp": "/[HPF]", "个/hpf": "/[HPF]",
    "sec": "s", "seconds": "s", "second": "s", "秒": "s",
    "percent": "%", "pg/cell": "pg", "pg/{cell}": "pg", "um^3": "um3",
    "mm/hr": "mm/h", "mm/1h": "mm/h", "mmhg": "mm[Hg]",
    "ratio": "1", "{ratio}": "1", "{inr}": "1", "inr": "1", "ph": "[pH]",
    "ml/min/1.73m2": "mL/min/{1.73_m2}", "ml/min/1.73m^2": "mL/min/{1.73_m2}",
    "mg/lfeu": "mg/L{FEU}", "mg/l(feu)": "mg/L{FEU}", "mgfeu/l": "mg/L{FEU}",
    "ug/mlfeu": "ug/mL{FEU}", "ug/ml(feu)": "ug/mL{FEU}", "ugfeu/ml": "ug/mL{FEU}",
    "ng/mlfeu": "ng/mL{FEU}", "ng/ml(feu)": "ng/mL{FEU}", "ngfeu/ml": "ng/mL{FEU}",
    **{f"{prefix}iu/{volume}".lower(): f"{prefix}[IU]/{volume}"
       for prefix in ("", "m", "u", "k") for volume in ("L", "dL", "mL", "uL")},
}  # fmt: skip
_TABLE = {**{ucum.lower(): ucum for ucum in UNITS}, **_SPELLINGS}
_TIMES_TEN = ("×10", "x10", "*10")


def read_unit(spelling: str) -> Unit | None:
    """Full-width signs, both micro signs, ×10^9, 10*9, x10e9, 10⁹ and letter case are one; "" is no unit."""
    if spelling in UNITS:
        return UNITS[spelling]
    # NFKC would turn 10⁹ into 109: the superscripts are marked as an exponent before.
    text = "".join(f"^{unicodedata.digit(sign)}" if sign in "⁰¹²³⁴⁵⁶⁷⁸⁹" else sign for sign in spelling)
    text = unicodedata.normalize("NFKC", text).replace("^1^2", "^12").replace("μ", "u").replace("µ", "u")
    text = "".join(text.split()).lower()
    if text.startswith(_TIMES_TEN):
        text = text[1:]
    if text.startswith(("10^", "10e")):
        text = f"10*{text[3:]}"
    ucum = _TABLE.get(text)
    return UNITS[ucum] if ucum else None


def convert(quantity: Quantity, item: Item) -> Quantity | UnitUnknown:
    """To the unit of the item, exact to 28 digits; the comparator stays (all factors are positive).

    Mass to molar only where the item has a molar mass; meq/L only where it has a valence; IU for an enzyme is U
    (1 µmol/min, IUBMB), never the other way round: an arbitrary unit of an antibody is not an activity.
    """
    sent, wanted = read_unit(quantity.unit), UNITS.get(item.unit)
    if sent is None or wanted is None:
        return UnitUnknown(unit=quantity.unit, item=item.code)
    factor = _factor(sent, wanted, item)
    if factor is None:
        return UnitUnknown(unit=quantity.unit, item=item.code)
    return Quantity(_times(quantity.value, factor), item.unit, quantity.comparator)


def rounded(quantity: Quantity, item: Item) -> Quantity:
    """To the decimals the report prints: what is judged must be what is printed."""
    step = Decimal(1).scaleb(-item.decimals)
    return Quantity(quantity.value.quantize(step, ROUND_HALF_UP), quantity.unit, quantity.comparator)


def keeps_digits(spelling: str, item: Item) -> bool:
    """The conversion only moves the decimal point (g/dL to g/L), so the analyzer's own digits stay."""
    sent, wanted = read_unit(spelling), UNITS.get(item.unit)
    factor = _factor(sent, wanted, item) if sent and wanted else None
    return factor is not None and _power(_exponent(factor)) == factor


def _factor(sent: Unit, wanted: Unit, item: Item) -> Fraction | None:
    ratio = sent.factor / wanted.factor
    if sent.dimension == wanted.dimension:
        return ratio
    match sent.dimension, wanted.dimension:
        case "mass", "molar" if item.molar_mass is not None:
            return ratio / Fraction(item.molar_mass)
        case "molar", "mass" if item.molar_mass is not None:
            return ratio * Fraction(item.molar_mass)
        case "equivalents", "molar" if item.valence is not None:
            return ratio / item.valence
        case "arbitrary", "activity":
            return ratio
    return None


def _times(value: Decimal, factor: Fraction) -> Decimal:
    if factor == 1:
        return value
    exponent = _exponent(factor)
    if _power(exponent) == factor:
        return _plain(value.scaleb(exponent, _CONTEXT))
    return _CONTEXT.divide(_CONTEXT.multiply(value, Decimal(factor.numerator)), Decimal(factor.denominator))


def _exponent(factor: Fraction) -> int:
    return len(str(factor.numerator)) - len(str(factor.denominator))


def _plain(value: Decimal) -> Decimal:
    """132 and not 1.32E+2."""
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1)) if isinstance(exponent, int) and 0 < exponent < 20 else value
