"""A Code 128 as a drawing of true size."""

from dataclasses import dataclass

from services.lab.label.code128 import QUIET_MODULES, modules

_DOT_MM = 0.125  # of a label printer with 203 dots an inch; bars of whole dots come out sharp
_NARROWEST_DOTS = 2  # 0.25 mm, what a hand scanner reads at a working distance
_WIDEST_DOTS = 3


@dataclass(frozen=True, slots=True)
class Barcode:
    """``svg`` has the quiet zones in it and is stretched to ``width_mm`` by any height."""

    svg: str
    width_mm: float
    module_mm: float


def barcode(text: str, room_mm: float) -> Barcode:
    """As wide as ``room_mm`` allows. Raises ValueError where bars of 0.25 mm do not fit, or for what is not printable
    ASCII."""
    bars = modules(text)
    count = len(bars) + 2 * QUIET_MODULES
    dots = min(_WIDEST_DOTS, int(room_mm / _DOT_MM / count + 1e-9))
    if dots < _NARROWEST_DOTS:
        raise ValueError(f"a Code 128 of {len(text)} characters does not fit into {room_mm} mm")
    path, at = [], 0
    while (at := bars.find("1", at)) >= 0:
        end = bars.find("0", at)
        end = len(bars) if end < 0 else end
        path.append(f"M{QUIET_MODULES + at} 0h{end - at}v1h-{end - at}z")
        at = end
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {count} 1" width="{count}" height="1" '
        f'preserveAspectRatio="none"><path fill="#000" d="{"".join(path)}"/></svg>'
    )
    return Barcode(svg, count * dots * _DOT_MM, dots * _DOT_MM)
