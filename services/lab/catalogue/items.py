"""What can be measured, the panels that are ordered, the groups that make one report: types of the JSON data."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,31}$")]
Loinc = Annotated[str, Field(pattern=r"^[0-9]{1,7}-[0-9]$")]


class Kind(StrEnum):
    quantity = "quantity"
    ordinal = "ordinal"  # 阴性, ±, 1+ …: words with an order
    text = "text"


class SpecimenType(StrEnum):
    blood = "blood"
    arterial_blood = "arterial_blood"
    serum = "serum"
    plasma = "plasma"
    urine = "urine"
    stool = "stool"
    swab = "swab"
    bone_marrow = "bone_marrow"


class Row(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Item(Row):
    """``unit`` is UCUM ("1" where there is none); ``decimals`` is what a report prints after a conversion.

    ``loinc_also``: codes of the same measurand in another property (mass for molar). ``molar_mass`` in g/mol, only
    where a mass concentration can be told apart (not for urea, whose mg/dL may be of nitrogen); ``valence`` for meq/L.
    ``diagnostic``: the report needs a physician (卫医发〔2006〕73号).
    """

    code: Code
    loinc: Loinc
    loinc_also: tuple[Loinc, ...] = ()
    name: str = Field(min_length=1)
    short: str = Field(min_length=1)
    kind: Kind = Kind.quantity
    unit: str = "1"
    decimals: int = Field(default=0, ge=0, le=4)
    specimens: tuple[SpecimenType, ...] = Field(min_length=1)
    method: str = ""
    molar_mass: Decimal | None = Field(default=None, gt=0)
    valence: int | None = Field(default=None, ge=1, le=3)
    diagnostic: bool = False
    source: str = Field(min_length=1)
    verify: bool = False

    @property
    def specimen(self) -> SpecimenType:
        """The usual one, drawn when nothing else is asked for."""
        return self.specimens[0]


class Panel(Row):
    """What a clinic orders in one line."""

    code: Code
    name: str
    items: tuple[Code, ...] = Field(min_length=1)


class Group(Row):
    """Items of one specimen that one report carries; every item belongs to exactly one group."""

    code: Code
    name: str
    specimen: SpecimenType
    container: str
    items: tuple[Code, ...] = Field(min_length=1)
