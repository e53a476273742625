"""The leads of one file brought together: canonical names, one length, sane limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.ecg.parse.leads import canonical
from services.ecg.parse.limits import MAX_DURATION_S, MAX_LEADS, MAX_RATE_HZ, MAX_SAMPLES, MIN_DURATION_S, MIN_RATE_HZ
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml_values import invalid_samples

_LARGEST_UV = 1e7  # ten volts: no electrode gives that, the scale or the samples are not what they say


@dataclass(frozen=True, slots=True)
class Leads:
    """``microvolts``: (names, samples); ``remarks``: what was forgiven."""

    names: tuple[str, ...]
    microvolts: Microvolts
    remarks: tuple[str, ...]


def check_rate(rate_hz: float | None) -> float:
    """Raises Refused(format_broken) where there is no sane sampling rate."""
    if rate_hz is None or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise Refused(RefusalCode.format_broken, "文件没有有效的采样率，请从心电图机重新导出。")
    return rate_hz


def check_lead_count(count: int) -> None:
    """Before any of them is read: there may be tens of thousands. Raises Refused(too_large)."""
    if count > MAX_LEADS * 16:  # sixteen sets of them in an aECG
        raise Refused(RefusalCode.too_large, "导联过多，不是一份静息心电图。")


def check_length(rate_hz: float, samples: int) -> None:
    """Raises Refused: too_long, too_short."""
    if samples > rate_hz * MAX_DURATION_S:
        raise Refused(RefusalCode.too_long, f"波形超过 {MAX_DURATION_S:.0f} 秒，动态心电图请走专门的系统。")
    if samples < rate_hz * MIN_DURATION_S:
        raise Refused(RefusalCode.too_short, f"波形不足 {MIN_DURATION_S:.0f} 秒，无法阅读，请重新采集。")


def bring_together(rate_hz: float, leads: Sequence[tuple[str, Microvolts]]) -> Leads:
    """``leads``: what the file calls each, and its µV. A shorter one ends in NaN; unknown, repeated ones are left out.

    Raises Refused: no_waveform, too_long, too_short, too_large, samples_invalid.
    """
    known: dict[str, Microvolts] = {}
    for called, samples in leads:
        name = canonical(called)
        if name and name not in known and samples.size:
            known[name] = samples
    if not known:
        raise Refused(RefusalCode.no_waveform, "文件中没有节律波形，请从心电图机连同波形一起导出。")
    length = max(samples.size for samples in known.values())
    check_length(rate_hz, length)
    if len(known) > MAX_LEADS or length * len(known) > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "导联或采样点过多，不是一份静息心电图。")
    microvolts = np.full((len(known), length), np.nan)
    for row, samples in zip(microvolts, known.values(), strict=True):
        row[: samples.size] = samples
    present = ~np.isnan(microvolts)
    if not present.any():
        raise invalid_samples("所有导联都没有采样值")
    if np.abs(microvolts[present]).max() > _LARGEST_UV:
        raise invalid_samples("幅度超出任何心电信号")
    remarks = []
    if len(known) < len(leads):
        remarks.append(Remark.leads_ignored)
    if not present.all():
        remarks.append(Remark.samples_missing)
    return Leads(tuple(known), microvolts, tuple(remarks))
