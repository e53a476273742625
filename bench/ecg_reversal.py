"""``python -m bench.ecg_reversal CORPUS``: swapped limb electrodes, pacing spikes and quality verdicts on real records.

CORPUS holds ``ecg/wfdb/ludb`` and ``ecg/wfdb/cinc2021``. Swaps are simulated. Thresholds were tuned on the first of
every two LUDB records; "held back" is the other half and CinC 2021. LUDB stores every lead stretched to 1 mV peak to
peak, so its limb leads are first brought back to one scale: that at which Einthoven's and Goldberger's equations hold.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from services.ecg.parse.leads import LIMB, with_derived_limb_leads
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Microvolts, Recording
from services.ecg.parse.wfdb import WfdbReader
from services.ecg.rules.facts import Analysis, MedianBeat
from services.ecg.rules.measure.analyse import analyse
from services.ecg.rules.quality.check import check_quality
from services.ecg.rules.quality.pacing import find_pacing_spikes
from services.ecg.rules.quality.reversal import suspect_reversal

Swap = Callable[[Microvolts, Microvolts, Microvolts], tuple[Microvolts, Microvolts]]
SWAPS: dict[str, Swap] = {
    "none": lambda one, two, three: (one, two),
    "la_ra": lambda one, two, three: (-one, three),
    "ra_ll": lambda one, two, three: (-three, -two),
    "la_ll": lambda one, two, three: (two, one),
    "ra_rl": lambda one, two, three: (-three, 0.02 * two),
    "la_rl": lambda one, two, three: (two, two + 0.02 * three),
}
"""What I and II become; legs differ by some 2 %."""


@dataclass(frozen=True, slots=True)
class Known:
    """``paced``: by the words of the header. ``held_back``: no threshold was chosen on it."""

    name: str
    recording: Recording
    analysis: Analysis
    paced: bool
    fibrillates: bool
    held_back: bool


def records(corpus: Path) -> Iterator[Known]:
    for folder in ("ludb", "cinc2021"):
        headers = sorted((corpus / "ecg" / "wfdb" / folder).glob("*.hea"), key=lambda path: (len(path.stem), path.stem))
        for number, header in enumerate(headers):
            words = header.read_text().lower()
            signals = header.with_suffix(".dat" if folder == "ludb" else ".mat")
            companion = SourceFile(signals.name, signals.read_bytes())
            read = WfdbReader().read(SourceFile(header.name, header.read_bytes()), {companion.name.lower(): companion})
            recording = _one_scale(read.recording) if folder == "ludb" else read.recording
            fibrillates = "atrial fibrillation" in words or "164889003" in words
            yield Known(
                name=f"{folder}/{header.stem}",
                recording=recording,
                analysis=analyse(recording),
                paced=" pacing" in words,
                fibrillates=fibrillates,
                held_back=folder != "ludb" or number % 2 == 1,
            )


def _one_scale(recording: Recording) -> Recording:
    """Limb leads times the gains at which I + III = II and the augmented leads follow, the tallest 1 mV as stored."""
    slopes = {lead: np.gradient(recording.lead(lead)) for lead in LIMB}
    one, two, three, right, left, foot = (slopes[lead] for lead in LIMB)
    none = np.zeros_like(one)
    equations = np.concatenate([
        np.stack([one, -two, three, none, none, none]),
        np.stack([one, two, none, 2 * right, none, none]),
        np.stack([-one, none, three, none, 2 * left, none]),
        np.stack([none, -two, -three, none, none, 2 * foot]),
    ], axis=1)  # fmt: skip
    gains = np.abs(np.linalg.eigh(equations @ equations.T)[1][:, 0])
    samples = recording.microvolts.copy()
    for lead, gain in zip(LIMB, gains / gains.max(), strict=True):
        samples[recording.leads.index(lead)] *= gain
    return replace(recording, microvolts=samples)


def swapped(beat: MedianBeat, swap: Swap) -> MedianBeat:
    """As the cart would have shown it, all six limb leads."""
    leads = dict(zip(beat.leads, beat.microvolts, strict=True))
    one, two = swap(leads["I"], leads["II"], leads["III"])
    chest = tuple(lead for lead in beat.leads if lead not in LIMB)
    samples = np.stack([one, two, *(leads[lead] for lead in chest)])
    whole = with_derived_limb_leads(Recording("simulated", beat.sampling_rate_hz, ("I", "II", *chest), samples))
    return replace(beat, leads=whole.leads, microvolts=whole.microvolts)


def swaps_table(known: list[Known]) -> str:
    beats = [(each, each.analysis.median) for each in known if each.analysis.median is not None]
    groups: dict[str, Callable[[Known], bool]] = {
        "tuned on": lambda each: not each.held_back and not each.paced,
        "held back": lambda each: each.held_back and not each.paced,
        "fibrillation": lambda each: each.fibrillates and not each.paced,
    }
    lines = ["| swap made | records | n | found | as another swap | as none |", "|---|---|---|---|---|---|"]
    for name, swap in SWAPS.items():
        for group, belongs in groups.items():
            answers = [suspect_reversal(swapped(beat, swap)) for each, beat in beats if belongs(each)]
            codes = Counter(answer.code if answer else "none" for answer in answers)
            right, silent = codes[name], 0 if name == "none" else codes["none"]
            count = sum(codes.values())
            lines.append(f"| {name} | {group} | {count} | {right} | {count - right - silent} | {silent} |")
    loud = [each.name for each, beat in beats if each.paced and suspect_reversal(beat)]
    lines.append(f"Paced records that would be suspected, were they judged: {loud}")
    return "\n".join(lines)


def pacing_table(known: list[Known]) -> str:
    lines = ["| record | paced by its header | spikes found |", "|---|---|---|"]
    spikes = {each.name: find_pacing_spikes(each.recording) for each in known}
    lines += [f"| {each.name} | {each.paced} | {len(spikes[each.name])} |" for each in known if each.paced]
    lines += [
        f"| {each.name} | False | {len(spikes[each.name])} |" for each in known if not each.paced and spikes[each.name]
    ]
    quiet = sum(not each.paced and not spikes[each.name] for each in known)
    return "\n".join([*lines, f"| {quiet} others | False | 0 |"])


def quality_table(known: list[Known]) -> str:
    verdicts: Counter[tuple[str, str]] = Counter()
    faulty: list[str] = []
    for each in known:
        quality = check_quality(each.recording, each.analysis)
        verdicts[each.name.split("/")[0], quality.verdict] += 1
        texts = [fault.text for fault in quality.faults] + [lead.text for lead in quality.leads if lead.text]
        faulty += [f"- {each.name} {quality.verdict}: {' | '.join(texts)}"] if quality.verdict != "ok" else []
    lines = ["| source | ok | poor | unusable |", "|---|---|---|---|"]
    for source in sorted({name for name, _ in verdicts}):
        counts = [str(verdicts[source, verdict]) for verdict in ("ok", "poor", "unusable")]
        faulty.insert(0, f"| {source} | {' | '.join(counts)} |")
    return "\n".join(lines + faulty)


def _milliseconds(check: Callable[[Recording], object], recording: Recording) -> float:
    started = perf_counter()
    check(recording)
    return (perf_counter() - started) * 1000


def speeds(known: list[Known]) -> str:
    checks: list[tuple[str, Callable[[Recording], object]]] = [
        ("check_quality", check_quality),
        ("find_pacing_spikes", find_pacing_spikes),
    ]
    lines = []
    for name, check in checks:
        times = [min(_milliseconds(check, each.recording) for _ in range(3)) for each in known]
        lines.append(f"{name}: median {median(times):.2f} ms, slowest {max(times):.2f} ms (best of three each)")
    return "\n".join(lines)


def main() -> None:
    known = list(records(Path(sys.argv[1])))
    for table in (swaps_table, pacing_table, quality_table, speeds):
        print(table(known), end="\n\n")


if __name__ == "__main__":
    main()
