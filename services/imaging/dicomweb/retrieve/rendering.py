"""The query parameters of rendered resources (PS3.18 8.3.5.1)."""

import math
from collections.abc import Mapping

from services.imaging.dicomweb.pixels.view import View
from services.imaging.dicomweb.search.conditions import bad

_THUMBNAIL = 128
_LARGEST = 8192
_FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}


def read_view(query: Mapping[str, str], *, small: bool) -> View:
    """Raises Unreadable ``bad_parameter``. Annotation and ICC profile are accepted and change nothing: pictures carry
    neither."""
    size, region = _viewport(query["viewport"]) if query.get("viewport") else (None, None)
    if small and size is None:
        size = (_THUMBNAIL, _THUMBNAIL)
    return View(
        quality=_quality(query["quality"]) if query.get("quality") else 90,
        window=_window(query["window"]) if query.get("window") and not small else None,
        size=size,
        region=region,
    )


def _quality(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= 100:
        raise bad("quality")
    return int(text)


def _window(text: str) -> tuple[float, float, str]:
    """``40,400,linear``: all three (8.3.5.1.4); without a function it is linear."""
    center, width, function = (*text.split(","), "linear", "")[:3] if text.count(",") in (1, 2) else ("", "", "")
    try:
        values = float(center), float(width)
    except ValueError:
        raise bad("window") from None
    function = function.strip().lower().replace("_", "-")
    if not all(map(math.isfinite, values)) or values[1] <= 0 or function not in _FUNCTIONS:
        raise bad("window")
    return (*values, _FUNCTIONS[function])


def _viewport(text: str) -> tuple[tuple[int, int], tuple[int, int, int, int] | None]:
    """``vw,vh`` or ``vw,vh,sx,sy,sw,sh`` (8.3.5.1.5)."""
    items = [item.strip() for item in text.split(",")]
    if len(items) not in (2, 6) or not all(item.isascii() and item.isdigit() and len(item) < 6 for item in items):
        raise bad("viewport")
    width, height, *source = map(int, items)
    if not 1 <= width <= _LARGEST or not 1 <= height <= _LARGEST:
        raise bad("viewport")
    if not source:
        return (width, height), None
    if not source[2] or not source[3]:
        raise bad("viewport")
    return (width, height), (source[0], source[1], source[2], source[3])
