"""Leads that look at neighbouring walls: a change counts where two of a group show it."""

from collections.abc import Callable

from services.ecg.rules.facts import LeadAmplitudes, Measurements

_GROUPS = (
    ("下壁", ("II", "III", "aVF")),
    ("高侧壁", ("I", "aVL")),
    ("前间壁", ("V1", "V2", "V3")),
    ("前壁", ("V2", "V3", "V4")),
    ("侧壁", ("V4", "V5", "V6")),
    ("后壁", ("V7", "V8", "V9")),
    ("右室", ("V3R", "V4R", "V5R")),
)


def in_neighbours(m: Measurements, shows: Callable[[LeadAmplitudes], bool]) -> dict[str, tuple[str, ...]]:
    """By wall, the leads of groups in which at least two show it."""
    leads = {each.lead: each for each in m.amplitudes}
    found = {}
    for wall, names in _GROUPS:
        showing = tuple(name for name in names if name in leads and shows(leads[name]))
        if len(showing) >= 2:
            found[wall] = showing
    return found


def named(walls: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every lead once, in the order of the groups."""
    return tuple(dict.fromkeys(lead for leads in walls.values() for lead in leads))
