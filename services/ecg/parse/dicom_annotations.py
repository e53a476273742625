"""Waveform annotations (PS3.3 C.10.10) as the cart's measurements, its words and the pacing spikes it marked."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.ecg.parse.dicom_codes import MEANINGS, MEASUREMENTS, is_pace_spike
from services.ecg.parse.dicom_elements import DataSet
from services.ecg.parse.dicom_values import Values
from services.ecg.parse.recording import CartMeasurements

CONCEPT, UNITS = 0x0040A043, 0x004008EA
_CODE, _MEANING, _CODED_VALUE = 0x00080100, 0x00080104, 0x0040A168
_MAX_STATEMENTS = 100
_MAX_SPIKES = 10_000
_RANKS = {code: rank for rank, code in enumerate(MEASUREMENTS)}
_LIMITS = {"ms": (1.0, 5000.0), "bpm": (1.0, 400.0), "deg": (-360.0, 360.0)}  # 29999 and 0 are "not measured"


@dataclass(frozen=True, slots=True)
class Spike:
    """In a multiplex group (1 …), by 0-based sample or by ms from its start."""

    group: int
    sample: int | None
    ms: float | None


@dataclass(frozen=True, slots=True)
class Annotations:
    cart: CartMeasurements
    statements: tuple[str, ...]
    spikes: tuple[Spike, ...]


def annotations_of(values: Values, items: Iterable[DataSet]) -> Annotations:
    measured: dict[str, tuple[int, float]] = {}
    statements: list[str] = []
    spikes: list[Spike] = []
    for item in items:
        concept = _first(item, CONCEPT)
        code = values.text(_CODE, concept) if concept else ""
        meaning = values.text(_MEANING, concept) if concept else ""
        name = MEASUREMENTS.get(code.removesuffix("_GL")) or MEANINGS.get(meaning.lower())
        number = values.number(0x0040A30A, item)
        if name and number is not None:
            value = _in_our_unit(values, item, name, number)
            rank = _RANKS.get(code, len(_RANKS))
            if value is not None and (name not in measured or rank < measured[name][0]):
                measured[name] = (rank, value)
        elif concept is not None and is_pace_spike(code, meaning):
            spikes.extend(_spikes(values, item))
        elif number is None:
            words = values.text(0x00700006, item)
            if words and len(statements) < _MAX_STATEMENTS:
                statements.append(words[:1024])
    return Annotations(
        CartMeasurements(**{name: value for name, (_, value) in measured.items()}),
        tuple(statements),
        tuple(spikes[:_MAX_SPIKES]),
    )


def _in_our_unit(values: Values, item: DataSet, name: str, number: float) -> float | None:
    """Axes are degrees whatever the file says: one writer of many calls theirs ms."""
    unit = _first(item, UNITS)
    if name.endswith("_ms") and unit is not None and values.text(_CODE, unit) == "s":
        number *= 1000
    lowest, highest = _LIMITS[name.rpartition("_")[2]]
    return number if lowest <= number <= highest else None


def _spikes(values: Values, item: DataSet) -> list[Spike]:
    group = values.integer(0x0040A0B0, item) or 1
    positions = values.integers(0x0040A132, item, 4)
    if positions:
        return [Spike(group, position - 1, None) for position in positions if position]
    found = []
    for text in values.texts(0x0040A138, item):
        try:
            found.append(Spike(group, None, float(text)))
        except ValueError:
            continue
    return found


def _first(item: DataSet, tag: int) -> DataSet | None:
    element = item.get(tag)
    return next(iter((element.items if element else None) or ()), None)
