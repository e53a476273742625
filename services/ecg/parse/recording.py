"""One ECG as every reader of a format answers it: calibrated samples and what the cart says of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Microvolts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """As the cart has it; empty where it says nothing. ``age`` is like ``65Y 8M 3W 12D``."""

    id: str = ""
    name: str = ""
    sex: Literal["M", "F", "O", ""] = ""
    birth_date: date | None = None
    age: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    software: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What was applied before the samples were stored. Hz; None where the file does not say."""

    low_cut_hz: float | None = None
    high_cut_hz: float | None = None
    notch_hz: float | None = None


@dataclass(frozen=True, slots=True)
class CartMeasurements:
    """What the cart measured itself: ms, beats/min, degrees, µV. Shown as the cart's, never as ours."""

    heart_rate_bpm: float | None = None
    rr_ms: float | None = None
    p_ms: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_ms: float | None = None
    p_axis_deg: float | None = None
    qrs_axis_deg: float | None = None
    t_axis_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Samples of one continuous stretch, all leads at the same instants.

    ``microvolts``: shape (leads, samples), µV; NaN where the file holds no value. ``leads`` are canonical names
    (leads.py) in the file's order, then the derived ones (``derived``). ``recorded_at`` is aware UTC: a cart's local
    time is taken as Asia/Shanghai. ``resolution_uv``: one step of the stored samples. ``remarks``: codes of what the
    reader forgave (refusal.py). ``statements``: the cart's own interpretation, as it wrote it. ``spike_samples``:
    pacing spikes the cart itself marked.
    """

    format: str
    sampling_rate_hz: float
    leads: tuple[str, ...]
    microvolts: Microvolts = field(repr=False, compare=False)
    derived: frozenset[str] = frozenset()
    recorded_at: datetime | None = None
    resolution_uv: float | None = None
    accession_number: str = ""
    patient: PatientFacts = PatientFacts()
    device: Device = Device()
    filters: Filters = Filters()
    cart: CartMeasurements = CartMeasurements()
    statements: tuple[str, ...] = ()
    spike_samples: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        return float(self.microvolts.shape[1] / self.sampling_rate_hz)

    def lead(self, name: str) -> Microvolts:
        """The samples of one lead, µV. Raises KeyError where it was not recorded."""
        if name not in self.leads:
            raise KeyError(name)
        samples: Microvolts = self.microvolts[self.leads.index(name)]
        return samples
