"""Ventricular fibrillation has no beats to measure: what is left is large, disordered waves in a narrow band."""

import numpy as np

from services.ecg.parse.recording import Recording

_BAND_HZ = (2.5, 9.0)
_SHARE = 0.6
_SD_UV = 100.0
_LEADS = 3


def is_chaotic(recording: Recording) -> bool:
    """At least three recorded leads with a standard deviation over 0.1 mV and 60 % of their power (above 0.5 Hz)
    between 2.5 and 9 Hz. Only to be asked where no beat was found."""
    if recording.duration_s < 3:
        return False
    count = 0
    for lead, samples in zip(recording.leads, recording.microvolts, strict=True):
        values = samples[np.isfinite(samples)]
        if lead in recording.derived or values.size < samples.size // 2:
            continue
        power = np.abs(np.fft.rfft(values - values.mean())) ** 2
        frequencies = np.fft.rfftfreq(values.size, 1 / recording.sampling_rate_hz)
        above = power[frequencies >= 0.5].sum()
        inside = power[(frequencies >= _BAND_HZ[0]) & (frequencies <= _BAND_HZ[1])].sum()
        count += bool(above > 0 and inside / above >= _SHARE and values.std() >= _SD_UV)
    return count >= _LEADS
