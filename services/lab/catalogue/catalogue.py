"""The catalogue of one version: a frozen value with its look-ups."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import Field

from services.lab.catalogue.items import Group, Item, Kind, Panel, Row
from services.lab.catalogue.units import UNITS

DATA = Path(__file__).parent / "data"
CURRENT = "county_2026_1"


class CatalogueBroken(Exception):
    """The data contradicts itself: a code twice, a panel of nothing, a unit nobody knows."""


class CatalogueFile(Row):
    """The JSON file as it stands."""

    version: str = Field(min_length=1)
    source: str = Field(min_length=1)
    items: tuple[Item, ...]
    panels: tuple[Panel, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Catalogue:
    """``items`` in the order a report prints them."""

    version: str
    items: tuple[Item, ...]
    panels: tuple[Panel, ...]
    groups: tuple[Group, ...]
    _by_code: Mapping[str, Item] = field(repr=False, compare=False)
    _by_loinc: Mapping[str, Item] = field(repr=False, compare=False)
    _panels: Mapping[str, Panel] = field(repr=False, compare=False)
    _group_of: Mapping[str, Group] = field(repr=False, compare=False)

    def item(self, code: str) -> Item | None:
        return self._by_code.get(code)

    def by_loinc(self, loinc: str) -> Item | None:
        return self._by_loinc.get(loinc)

    def panel(self, code: str) -> Panel | None:
        return self._panels.get(code)

    def panel_items(self, code: str) -> tuple[Item, ...]:
        """Empty for a panel that is not there."""
        panel = self._panels.get(code)
        return tuple(self._by_code[item] for item in panel.items) if panel else ()

    def group_of(self, code: str) -> Group:
        """Of an item that is in the catalogue. Raises KeyError."""
        return self._group_of[code]


def build(file: CatalogueFile) -> Catalogue:
    """Raises ``CatalogueBroken`` with everything that is wrong, not only the first."""
    problems = [f"item {code} twice" for code in _repeated(item.code for item in file.items)]
    problems += [f"LOINC {code} twice" for code in _repeated(_loincs(file.items))]
    problems += [f"panel {code} twice" for code in _repeated(panel.code for panel in file.panels)]
    by_code = {item.code: item for item in file.items}
    for item in file.items:
        if item.kind is Kind.quantity and item.unit not in UNITS:
            problems.append(f"item {item.code}: unit {item.unit} unknown")
    members = [(panel.code, panel.items) for panel in file.panels] + [
        (group.code, group.items) for group in file.groups
    ]
    for name, codes in members:
        problems += [f"{name}: item {code} unknown" for code in codes if code not in by_code]
    for group in file.groups:
        for code in group.items:
            if code in by_code and group.specimen not in by_code[code].specimens:
                problems.append(f"{group.code}: {code} is not measured in {group.specimen}")
    grouped = Counter(code for group in file.groups for code in group.items)
    problems += [f"item {code} in {grouped[code]} groups" for code in by_code if grouped[code] != 1]
    if problems:
        raise CatalogueBroken("; ".join(problems))
    return Catalogue(
        version=file.version,
        items=file.items,
        panels=file.panels,
        groups=file.groups,
        _by_code=by_code,
        _by_loinc={loinc: item for item in file.items for loinc in (item.loinc, *item.loinc_also)},
        _panels={panel.code: panel for panel in file.panels},
        _group_of={code: group for group in file.groups for code in group.items},
    )


@cache
def load_catalogue(name: str = CURRENT) -> Catalogue:
    """A file of ``data/``. Raises ``CatalogueBroken``, FileNotFoundError, pydantic's ValidationError."""
    return build(CatalogueFile.model_validate_json((DATA / f"{name}.json").read_bytes()))


def _loincs(items: Iterable[Item]) -> list[str]:
    return [loinc for item in items for loinc in (item.loinc, *item.loinc_also)]


def _repeated(codes: Iterable[str]) -> list[str]:
    return [code for code, times in Counter(codes).items() if times > 1]
