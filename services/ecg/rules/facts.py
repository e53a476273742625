"""What the analysis answers: plain frozen values, all of them in the units their names say."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PatientContext:
    """Whose limits apply. ``sex``: empty where unknown or neither; ``age_years``: fractions for infants."""

    sex: Literal["M", "F", ""] = ""
    age_years: float | None = None


@dataclass(frozen=True, slots=True)
class LeadQuality:
    """``verdict``: ok, poor (readable with doubt), unusable (do it again). ``faults``: codes, such as ``flat``,
    ``saturated``, ``mains``, ``wander``, ``noise``, ``missing``."""

    lead: str
    verdict: Literal["ok", "poor", "unusable"]
    faults: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class QualityFault:
    """Of the recording as a whole: ``too_few_leads``, ``too_short``, ``low_sampling_rate``, ``einthoven``,
    ``limb_leads_swapped`` … ``text`` is Chinese and says what to do."""

    code: str
    text: str
    leads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    verdict: Literal["ok", "poor", "unusable"]
    leads: tuple[LeadQuality, ...]
    faults: tuple[QualityFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Beats:
    """R peaks as sample indices of the recording; ``kinds``: beat class of each (0: the dominant one)."""

    samples: tuple[int, ...]
    kinds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """Global onsets and offsets on the median beat, ms from its first sample; None where there is none."""

    p_on_ms: float | None
    p_off_ms: float | None
    qrs_on_ms: float | None
    qrs_off_ms: float | None
    t_off_ms: float | None
    r_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class MedianBeat:
    """The aligned median of the dominant beats, µV: shape (leads, samples), from ``r_ms`` before R on."""

    sampling_rate_hz: float
    leads: tuple[str, ...]
    microvolts: NDArray[np.float64] = field(repr=False, compare=False)
    marks: Marks = Marks(None, None, None, None, None)
    beat_count: int = 0


@dataclass(frozen=True, slots=True)
class LeadAmplitudes:
    """µV against the PR level of the median beat; ``st_j``, ``st_60``: at the J point and 60 ms after it."""

    lead: str
    p: float | None
    q: float
    r: float
    s: float
    st_j: float
    st_60: float
    t: float


@dataclass(frozen=True, slots=True)
class Measurements:
    """None where it cannot be measured; nothing is invented: ``pr_ms`` and ``p_*`` only where ``has_p`` is True.

    ``has_p``: True, False (decided: none), None (cannot say). ``pauses_ms``: RR intervals of 2000 ms and more, and as
    long a silence at either end. ``ectopic_count``: beats of another shape than the dominant one that come early or are
    wide where that is narrow (or the reverse). ``wide_beat_count`` and the longest run count every beat of 120 ms and
    more, the dominant ones too. ``sv1_uv`` is the depth of S (or QS), positive. ``disorganised``: strong slow activity
    in which no beats can be told, as in ventricular fibrillation; then nothing else is measured.
    """

    heart_rate_bpm: float | None = None
    rr_mean_ms: float | None = None
    rr_shortest_ms: float | None = None
    rr_longest_ms: float | None = None
    rr_sd_ms: float | None = None
    rr_irregularity: float | None = None  # median |RR(i+1) - RR(i)| / median RR
    has_p: bool | None = None
    p_ms: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtcb_ms: float | None = None
    qtcf_ms: float | None = None
    p_axis_deg: float | None = None
    qrs_axis_deg: float | None = None
    t_axis_deg: float | None = None
    rv5_uv: float | None = None
    sv1_uv: float | None = None
    pauses_ms: tuple[float, ...] = ()
    ectopic_count: int = 0
    wide_beat_count: int = 0
    longest_wide_run: int = 0
    wide_run_rate_bpm: float | None = None
    paced: bool = False
    disorganised: bool = False
    amplitudes: tuple[LeadAmplitudes, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    measurements: Measurements
    beats: Beats
    median: MedianBeat | None
    spike_samples: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A computer-made, unconfirmed statement. ``code``: AHA/ACC/HRS 2007 statement number or our own word;
    ``rule`` and ``numbers`` say why."""

    code: str
    text: str
    text_en: str
    rule: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SuspectedCritical:
    """``code`` is the rule's item; ``rule_set`` like ``zhejiang@2019-1``."""

    code: str
    text: str
    rule_set: str
    rule: str
    numbers: dict[str, float] = field(default_factory=dict)
