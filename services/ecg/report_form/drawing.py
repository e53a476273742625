"""Grid, calibration pulses and curves of one page as an SVG at true scale; its words are set by the sheet.

One unit of the drawing is 0.01 mm, so that every coordinate is a whole number.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.ecg.report_form.layout import STRIP_MM, STRIP_S, Segment, TracePage
from services.ecg.rules.trace import Trace

CALIBRATION_MM = 15.0
"""Left of each row, for the pulse: 1 mV high, 200 ms long."""
WIDTH_MM = CALIBRATION_MM + STRIP_MM
_UNITS = 100
_PULSE_S = 0.2
_FINEST_MM = 0.05
_MOST_BEYOND_MM = 25.0
_TALLEST_MM = 170.0  # a page of its own has room for it and a line of words
_SPIKE_S = 0.006
_FINE = 'stroke="#f3c6c6" stroke-width="9"'
_BOLD = 'stroke="#e58f8f" stroke-width="18"'
_INK = 'stroke="#111" stroke-width="20" stroke-linejoin="round" stroke-linecap="round"'
_MARK = 'stroke="#1f4e9c" stroke-width="25"'

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    """``x_mm``, ``y_mm``: upper left, from the drawing's upper left."""

    lead: str
    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class Drawing:
    svg: str = field(repr=False)
    height_mm: float
    labels: tuple[Label, ...]


def draw(trace: Trace, page: TracePage, *, speed_mm_s: int, gain_mm_mv: int) -> Drawing:
    """``WIDTH_MM`` wide; ``trace`` is cut to the strip (``on_strip``). Each lead's own median lies on its row's middle:
    an offset of the electrodes is no finding."""
    above_mm = max(_beyond(trace, page, page.rows[0], -1, gain_mm_mv), gain_mm_mv - page.pitch_mm / 2 + 1, 0.0)
    below_mm = max(_beyond(trace, page, page.rows[-1], 1, gain_mm_mv), 0.0)
    top_mm = 2.5 * math.ceil(above_mm / 2.5)
    height_mm = 5.0 * math.ceil((top_mm + page.pitch_mm * len(page.rows) + below_mm) / 5)
    curves, separators, spikes, labels = [], [], [], []
    for number, row in enumerate(page.rows):
        middle_mm = top_mm + page.pitch_mm * (number + 0.5)
        curves.append(_pulse(middle_mm, speed_mm_s, gain_mm_mv))
        for segment in row:
            left_mm = CALIBRATION_MM + (segment.strip_s - page.strip_s) * speed_mm_s
            labels.append(Label(segment.lead, left_mm, max(0.0, middle_mm - page.pitch_mm / 2)))
            if left_mm > CALIBRATION_MM:
                separators.append(_line(left_mm, middle_mm - 3, left_mm, middle_mm + 3))
            if segment.lead in trace.leads:
                curves.append(_curve(trace, segment, left_mm, middle_mm, speed_mm_s, gain_mm_mv))
                spikes.extend(_spikes(trace, segment, left_mm, middle_mm + page.pitch_mm / 2, speed_mm_s))
    paths = (
        (_FINE, _grid(height_mm, 1)),
        (_BOLD, _grid(height_mm, 5)),
        (_MARK, "".join(spikes)),
        (_INK, "".join(separators)),
        (_INK, "".join(curves)),
    )
    width, height = round(WIDTH_MM * _UNITS), round(height_mm * _UNITS)
    drawn = "".join(f'<path {style} d="{path}"/>' for style, path in paths if path)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{height_mm}mm" '
        f'viewBox="0 0 {width} {height}" fill="none">{drawn}</svg>'
    )
    return Drawing(svg, height_mm, tuple(labels))


def _beyond(trace: Trace, page: TracePage, row: tuple[Segment, ...], downwards: int, gain_mm_mv: int) -> float:
    """How far the outermost row reaches out of its place, mm: the grid grows by it rather than cut a wave. Pacing
    spikes may be cut."""
    waves = np.ones(trace.steps.shape[1], dtype=bool)
    around = math.ceil(_SPIKE_S * trace.sampling_rate_hz)
    for sample in trace.spike_samples:
        waves[max(0, sample - around) : sample + around + 1] = False
    farthest_uv = 0.0
    for segment in row:
        if segment.lead in trace.leads:
            shown = trace.microvolts[trace.leads.index(segment.lead)] - _rest(trace, segment.lead)
            farthest_uv = max(farthest_uv, float(np.nanmax(-downwards * shown[waves], initial=0.0)))
    spare_mm = (_TALLEST_MM - page.pitch_mm * len(page.rows)) / 2
    return min(farthest_uv / 1000 * gain_mm_mv - page.pitch_mm / 2 + 1, spare_mm, _MOST_BEYOND_MM)


def on_strip(trace: Trace) -> Trace:
    """Its first ten seconds."""
    return replace(trace, steps=trace.steps[:, : math.ceil(STRIP_S * trace.sampling_rate_hz) + 1])


def _grid(height_mm: float, every_mm: int) -> str:
    width, height, step = round(WIDTH_MM * _UNITS), round(height_mm * _UNITS), every_mm * _UNITS
    upright = "".join(f"M{x} 0V{height}" for x in range(0, width + 1, step))
    return upright + "".join(f"M0 {y}H{width}" for y in range(0, height + 1, step))


def _pulse(middle_mm: float, speed_mm_s: int, gain_mm_mv: int) -> str:
    width_mm = _PULSE_S * speed_mm_s
    foot_mm = min(2.5, (CALIBRATION_MM - width_mm) / 2)
    left_mm = (CALIBRATION_MM - width_mm) / 2
    low, high = _units(middle_mm), _units(middle_mm - gain_mm_mv)
    steps = f"H{_units(left_mm)}V{high}H{_units(left_mm + width_mm)}V{low}"
    return f"M{_units(left_mm - foot_mm)} {low}{steps}H{_units(left_mm + width_mm + foot_mm)}"


def _curve(trace: Trace, segment: Segment, left_mm: float, middle_mm: float, speed_mm_s: int, gain_mm_mv: int) -> str:
    """One polyline; it is interrupted where values are missing."""
    rate = trace.sampling_rate_hz
    microvolts = trace.microvolts[trace.leads.index(segment.lead)]
    first = math.ceil(segment.start_s * rate - 1e-6)
    last = min(len(microvolts), math.floor((segment.start_s + segment.length_s) * rate + 1e-6) + 1)
    shown = microvolts[first:last]
    if not np.isfinite(shown).any():
        return ""
    x_mm = left_mm + (np.arange(first, first + len(shown)) / rate - segment.start_s) * speed_mm_s
    y_mm = middle_mm - (shown - _rest(trace, segment.lead)) / 1000 * gain_mm_mv
    return _polyline(*_thinned(x_mm, y_mm, rate / speed_mm_s * _FINEST_MM))


def _rest(trace: Trace, lead: str) -> float:
    """The lead's median over the ten seconds on paper, µV: the same for all its segments, that they join."""
    shown = trace.microvolts[trace.leads.index(lead)]
    return float(np.nanmedian(shown)) if np.isfinite(shown).any() else 0.0


def _thinned(x_mm: Column, y_mm: Column, per_bin: float) -> tuple[Column, Column]:
    """Of more than two samples in 0.05 mm only the lowest and the highest: the ink is 0.2 mm wide."""
    size = math.floor(per_bin)
    if size <= 2:
        return x_mm, y_mm
    whole = len(y_mm) // size * size
    low = np.fmin.reduce(y_mm[:whole].reshape(-1, size), axis=1)
    high = np.fmax.reduce(y_mm[:whole].reshape(-1, size), axis=1)
    thin_x = np.repeat(x_mm[:whole:size], 2)
    thin_y = np.column_stack([low, high]).ravel()
    return np.concatenate([thin_x, x_mm[whole:]]), np.concatenate([thin_y, y_mm[whole:]])


def _polyline(x_mm: Column, y_mm: Column) -> str:
    there = np.isfinite(y_mm)
    xs = np.rint(x_mm * _UNITS).astype(np.int64).tolist()
    ys = np.rint(np.where(there, y_mm, 0.0) * _UNITS).astype(np.int64).tolist()
    parts = []
    drawing = False
    for x, y, has in zip(xs, ys, there.tolist(), strict=True):
        if has:
            parts.append(f"{' ' if drawing else 'M'}{x} {y}")
        drawing = has
    return "".join(parts)


def _spikes(trace: Trace, segment: Segment, left_mm: float, bottom_mm: float, speed_mm_s: int) -> list[str]:
    at_s = (sample / trace.sampling_rate_hz - segment.start_s for sample in trace.spike_samples)
    return [
        _line(left_mm + after_s * speed_mm_s, bottom_mm - 3, left_mm + after_s * speed_mm_s, bottom_mm - 1)
        for after_s in at_s
        if 0 <= after_s < segment.length_s
    ]


def _line(x1_mm: float, y1_mm: float, x2_mm: float, y2_mm: float) -> str:
    return f"M{_units(x1_mm)} {_units(y1_mm)}L{_units(x2_mm)} {_units(y2_mm)}"


def _units(millimetres: float) -> int:
    return round(millimetres * _UNITS)
