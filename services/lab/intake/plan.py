"""An order's panels and items divided into cases: one report group of one specimen each. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.lab.catalogue.catalogue import Catalogue
from services.lab.catalogue.items import Group
from services.lab.intake.order import LabOrder, SentSpecimen
from shared.errors import FieldProblem, Invalid


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """``items``: code and the panel it came with. ``group`` empty: an order that names no items."""

    group: str
    name: str
    specimen_type: str
    tube: str
    items: tuple[tuple[str, str | None], ...]
    sent: SentSpecimen | None


def plan(order: LabOrder, catalogue: Catalogue) -> list[PlannedCase]:
    """In the order of the catalogue's groups. Raises Invalid, naming each code that is not in the catalogue."""
    wanted = wanted_items(order.panels, order.items, catalogue)
    tubes = list(order.specimens)
    if not wanted:
        sent = tubes[0] if tubes else None
        kind = sent.type if sent and sent.type else ""
        return [PlannedCase("", order.exam.name, str(kind), (sent.tube if sent else None) or "", (), sent)]
    grouped: dict[str, dict[str, str | None]] = {}
    for item, panel in wanted.items():
        grouped.setdefault(catalogue.group_of(item).code, {})[item] = panel
    return [
        _planned(group, grouped[group.code], tubes, catalogue) for group in catalogue.groups if group.code in grouped
    ]


def wanted_items(panels: Iterable[str], items: Iterable[str], catalogue: Catalogue) -> dict[str, str | None]:
    """Item to panel, each item once. Raises Invalid."""
    problems: list[FieldProblem] = []
    wanted: dict[str, str | None] = {}
    for place, code in enumerate(panels):
        if catalogue.panel(code) is None:
            problems.append(FieldProblem(f"/panels/{place}", "panel_unknown", "目录中没有这个组合"))
        wanted |= {item.code: wanted.get(item.code, code) for item in catalogue.panel_items(code)}
    for place, code in enumerate(items):
        if catalogue.item(code) is None:
            problems.append(FieldProblem(f"/items/{place}", "item_unknown", "目录中没有这个项目"))
        else:
            wanted.setdefault(code, None)
    if problems:
        raise Invalid("申请的项目不在检验目录中", errors=problems)
    return wanted


def _planned(
    group: Group, items: dict[str, str | None], tubes: list[SentSpecimen], catalogue: Catalogue
) -> PlannedCase:
    """Takes the first tube that fits off ``tubes``."""
    sent = next((each for each in tubes if each.type is None or each.type == group.specimen), None)
    if sent is not None:
        tubes.remove(sent)
    panels = [catalogue.panel(code) for code in dict.fromkeys(items.values()) if code]
    alone = [item.name for item in map(catalogue.item, items) if item and items[item.code] is None]
    names = [*(panel.name for panel in panels if panel), *alone]
    return PlannedCase(
        group=group.code,
        name="、".join(names)[:200] or group.name,
        specimen_type=str(sent.type if sent and sent.type else group.specimen),
        tube=(sent.tube if sent else None) or group.container,
        items=tuple(items.items()),
        sent=sent,
    )
