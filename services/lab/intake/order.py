"""The order of laboratory tests: CONTRACT.md's order with panels, items and tubes."""

from typing import Annotated

from pydantic import Field, StringConstraints

from services.lab.catalogue.items import SpecimenType
from shared.events.part import Part
from shared.reading.schemas.order import Line, Moment
from shared.reading.schemas.sent_order import SentOrder

SpecimenNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^(?:[0-9]{1,26}|[0-9A-Za-z._-]{1,13})$"),
]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class SentSpecimen(Part):
    """A tube with its printed barcode, or one that has none yet."""

    number: SpecimenNumber | None = None
    type: SpecimenType | None = None
    tube: Line | None = None
    collected_at: Moment | None = None


class LabOrder(SentOrder):
    """Without ``panels`` and ``items`` it is one case of one specimen, as its exam says."""

    panels: list[Code] = Field(default=[], max_length=50, description="codes of the catalogue's panels")
    items: list[Code] = Field(default=[], max_length=200, description="codes of the catalogue's items")
    specimens: list[SentSpecimen] = Field(default=[], max_length=50, description="tubes that have a number already")
    repeats: str | None = Field(default=None, max_length=64, description="the refused case this one repeats")
