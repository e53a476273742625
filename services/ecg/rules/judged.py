"""Everything that is said of one recording when it comes in."""

from dataclasses import dataclass, field

from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Analysis, Quality, Suggestion, SuspectedCritical

ANALYSIS_VERSION = "2026.11"  # raised with every change of a number the analysis gives


@dataclass(frozen=True, slots=True)
class Judged:
    """``numbers``: the upload's files it came in, from 1. ``recording`` and ``analysis`` are without their samples and
    median beat: both are in ``trace``, its stored form (trace.py)."""

    numbers: tuple[int, ...]
    recording: Recording
    sample_count: int
    analysis: Analysis
    quality: Quality
    suggestions: tuple[Suggestion, ...]
    suspected: tuple[SuspectedCritical, ...]
    trace: bytes = field(repr=False)
    version: str = ANALYSIS_VERSION
