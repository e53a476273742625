"""The page docs/conformance/ecg-validation.md, written from what was measured and from nothing else."""

import platform
from collections.abc import Sequence
from datetime import date

import numpy as np
import scipy

from bench.ecg_validation.compare import (
    INTERVALS,
    Analysed,
    BesideCart,
    Difference,
    Hits,
    intervals,
    p_decisions,
    p_onsets,
    r_peaks,
    rates,
)
from bench.ecg_validation.ludb import Marked

_AIMS = {"pr_ms": (10, 10), "qrs_ms": (10, 10), "qt_ms": (12, 18)}
_TITLES = {"pr_ms": "PR", "qrs_ms": "QRS", "qt_ms": "QT"}
_WORST = 5
_HEAD = """\
# ECG measurements against marks and carts

Written by `python -m bench.ecg_validation` (corpus of real files needed); do not edit. {date}, Python {python},
NumPy {numpy}, SciPy {scipy}.

## Data and reference

- LUDB 1.0.1 (Lobachevsky University, ODC-By; Kalyakulina et al., IEEE Access 2020): 12 leads, 500 Hz, 10 s, the onsets,
  peaks and ends of P, QRS and T marked by cardiologists in every lead. The corpus holds {count} of its 200 records, all
  of odd number. Numbers that leave 1 when divided by 4 tuned the constants ({tuning}); the others ({reporting}) were
  only reported. Both halves were seen while the method was chosen, so the report half is no blind test.
- The reference of a beat: 15th percentile of the onsets and 85th percentile of the ends over the leads, where at least
  six leads mark the wave. The reference of a record: the median over its beats. Ours is one number, from the median
  beat.
"""


_LIMITS = """\
## Known limits

- QRS comes out shorter than LUDB's marks and longer than carts' numbers: the two references disagree by more than the
  bias shown here, and the constants stand between them. Small first and last forces below the threshold are lost.
- QT differs most where T is flat or followed by a U wave, which the marks sometimes include.
- A flutter whose waves keep step with QRS and have a pause between them passes for P. Where T and QRS leave less than
  110 ms between them (fast rates) P is not judged at all. Atrial activity that is independent of QRS (third degree
  block) is reported as "no P" before QRS.
- A pacing spike that is not found can be counted as a beat.
- The limits on correlation and irregularity that decide P were set on few records without P.
"""


def page(records: Sequence[Analysed], carts: Sequence[BesideCart]) -> str:
    """Markdown."""
    tuning = [record for record in records if record.tunes]
    reporting = [record for record in records if not record.tunes]
    parts = [
        _HEAD.format(
            date=date.today().isoformat(),
            python=platform.python_version(),
            numpy=np.__version__,
            scipy=scipy.__version__,
            count=len(records),
            tuning=len(tuning),
            reporting=len(reporting),
        ),
        "## Intervals and heart rate (ours − marks)\n",
        _interval_table(tuning, reporting),
        _worst_table(reporting),
        "## Detections\n",
        _hits_table(tuning, reporting),
        "## Is there a P wave? (records by the rhythm in LUDB's header)\n",
        _p_table(records),
        "## Beside the carts' own numbers (cart / ours)\n",
        _cart_table(carts),
        _speed(records),
        _LIMITS,
    ]
    return "\n".join(parts)


def _interval_table(tuning: Sequence[Analysed], reporting: Sequence[Analysed]) -> str:
    lines = ["| interval | half | n | bias | SD | median of absolute | aim: bias, SD | reached |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for half, records in (("report", reporting), ("tuning", tuning)):
        for name in INTERVALS:
            bias_aim, sd_aim = _AIMS[name]
            values = np.array([found.value for found in intervals(records, name)])
            reached = "yes" if abs(values.mean()) <= bias_aim and values.std() <= sd_aim else "no"
            lines.append(f"| {_TITLES[name]} | {half} | {_row(values, 'ms')} | {bias_aim}, {sd_aim} ms | {reached} |")
        values = np.array([found.value for found in rates(records)])
        reached = "yes" if np.abs(values).max() <= 2 else f"all but {(np.abs(values) > 2).sum()}"
        lines.append(f"| heart rate | {half} | {_row(values, '/min')} | every record ±2 /min | {reached} |")
    return "\n".join(lines) + "\n"


def _row(values: np.ndarray, unit: str) -> str:
    spread = f"{values.mean():+.1f} {unit} | {values.std():.1f} {unit} | {np.median(np.abs(values)):.1f} {unit}"
    return f"{len(values)} | {spread}"


def _worst_table(records: Sequence[Analysed]) -> str:
    lines = ["Worst of the report half (record: ours, marks):\n"]
    for name in INTERVALS:
        worst = sorted(intervals(records, name), key=lambda found: -abs(found.value))[:_WORST]
        lines.append(f"- {_TITLES[name]}: {'; '.join(_worst(found) for found in worst)} ms")
    return "\n".join(lines) + "\n"


def _worst(found: Difference) -> str:
    return f"{found.name}: {found.ours:.0f}, {found.theirs:.0f}"


def _hits_table(tuning: Sequence[Analysed], reporting: Sequence[Analysed]) -> str:
    lines = ["Tolerance 150 ms. A beat counts where at least six of the twelve leads mark its QRS.\n"]
    lines += ["| what | half | found | missed | invented | F1 | aim | where |", "| " + "--- | " * 8]
    for what, count, aim in (("R peaks", r_peaks, "0.998"), ("P onsets", p_onsets, "0.95")):
        for half, records in (("report", reporting), ("tuning", tuning)):
            lines.append(f"| {what} | {half} | {_hits(count(records), aim)} |")
    return "\n".join(lines).replace("| \n", "|\n") + "\n"


def _hits(hits: Hits, aim: str) -> str:
    where = "; ".join(hits.where) or "–"
    return f"{hits.true} | {hits.missed} | {hits.invented} | {hits.f1:.4f} | {aim} | {where}"


def _p_table(records: Sequence[Analysed]) -> str:
    def sinus(marked: Marked) -> bool:
        return marked.rhythm.startswith("Sinus") and marked.reference("pr_ms") is not None

    def fibrillates(marked: Marked) -> bool:
        return "fibrillation" in marked.rhythm

    def flutters(marked: Marked) -> bool:
        return "flutter" in marked.rhythm

    def unmarked(marked: Marked) -> bool:
        return marked.rhythm.startswith("Sinus") and marked.reference("pr_ms") is None

    lines = ["| header says | n | P found | no P | cannot say |", "| --- | --- | --- | --- | --- |"]
    for word, belongs in (
        ("sinus, P marked", sinus),
        ("sinus, no P marked before QRS (paced, third degree block)", unmarked),
        ("atrial fibrillation", fibrillates),
        ("atrial flutter", flutters),
    ):
        found = p_decisions(records, belongs)
        groups = (found.with_p, found.without, found.undecided)
        counts = " | ".join(_group(numbers) for numbers in groups)
        lines.append(f"| {word} | {sum(map(len, groups))} | {counts} |")
    return "\n".join(lines) + "\n"


def _group(numbers: Sequence[int]) -> str:
    few = f" (records {', '.join(map(str, numbers))})" if 0 < len(numbers) <= _WORST else ""
    return f"{len(numbers)}{few}"


def _cart_table(carts: Sequence[BesideCart]) -> str:
    lines = ["| file | maker | HR | PR | QRS | QT | P axis | QRS axis | T axis |", "| " + "--- | " * 9]
    for cart in carts:
        cells = " | ".join(f"{_number(theirs)} / {_number(ours)}" for theirs, ours in cart.numbers.values())
        lines.append(f"| {cart.name} | {cart.maker or '–'} | {cells} |")
    lines.append("")
    for name in ("pr_ms", "qrs_ms", "qt_ms"):
        values = np.array([b - a for cart in carts for a, b in [cart.numbers[name]] if a is not None and b is not None])
        lines.append(
            f"- {_TITLES[name]}: n {_row(values, 'ms').replace(' | ', ', ')} (n, bias, SD, median of absolute)"
        )
    lines.append("- Several of these files are one ECG in different formats: they count as often as they come.")
    return "\n".join(lines).replace("| \n", "|\n") + "\n"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _speed(records: Sequence[Analysed]) -> str:
    spent = sorted(record.seconds * 1000 for record in records)
    return (
        "## Speed\n\nOne 12-lead recording of 10 s, best of three runs each, one process: "
        f"median {np.median(spent):.1f} ms, slowest {spent[-1]:.1f} ms (aim: median 25 ms).\n"
    )
