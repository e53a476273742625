"""Percentiles and their table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``aim`` is what the project wants; the reader of the table compares."""

    name: str
    value: str
    aim: str = ""
    note: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; ``share`` of 0.95 is p95."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def spread(values: Sequence[float], unit: str = "ms", scale: float = 1000) -> str:
    """``p50 12.1 · p95 30.4 · max 55.0 ms`` of seconds."""
    p50, p95 = statistics.median(values) * scale, percentile(values, 0.95) * scale
    return f"p50 {p50:.1f} · p95 {p95:.1f} · max {max(values) * scale:.1f} {unit} (n={len(values)})"


def table(figures: Sequence[Figure]) -> str:
    lines = ["| figure | measured | aim | note |", "| --- | --- | --- | --- |"]
    lines += [f"| {figure.name} | {figure.value} | {figure.aim} | {figure.note} |" for figure in figures]
    return "\n".join(lines)
