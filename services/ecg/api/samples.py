"""Samples on the wire: int16 microvolts, little endian, lead after lead; what they are stands in the headers.

Twelve leads of ten seconds at 500 Hz are 120,000 bytes, and gzip brings them below half; a browser reads them with
``new Int16Array(await answer.arrayBuffer())``. Resampled ones come in steps of 4 µV (finer than the 10 µV of
AHA/ACC/HRS 2007, 0.04 mm on paper): resampling fills the lowest bits with what can neither be compressed nor seen.
"""

import gzip
import hashlib
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly
from starlette.responses import Response

from services.ecg.rules.trace import MISSING, Steps, Trace
from shared.web.encoding import takes_gzip

SHOWN_RATE_HZ = 500.0  # AHA/ACC/HRS 2007 part I: 500 samples/s suffice for what is shown
_LEVEL = 6
_STEP_UV = 4.0
_FINEST = 1000  # the filter is 20 times as long: a ratio like 499999/500000 would take seconds and a gigabyte


def waveform_body(trace: Trace, rate_hz: float | None) -> tuple[bytes, float]:
    """The samples at ``rate_hz`` (None: as recorded, at most SHOWN_RATE_HZ) and the rate they have: the nearest that
    stands in a ratio of small numbers to the recorded one, and at most that."""
    wanted = rate_hz or min(trace.sampling_rate_hz, SHOWN_RATE_HZ)
    ratio = Fraction(wanted / trace.sampling_rate_hz).limit_denominator(_FINEST)
    if ratio >= 1:
        return trace.steps.astype("<i2").tobytes(), trace.sampling_rate_hz
    return _slower(trace, ratio).astype("<i2").tobytes(), trace.sampling_rate_hz * float(ratio)


def answer_samples(
    body: bytes, headers: dict[str, str], *, accept_encoding: str, if_none_match: str | None
) -> Response:
    """With ETag; 304 when the client has it; gzip where the client takes it."""
    etag = f'"{hashlib.sha256(repr(sorted(headers.items())).encode() + body).hexdigest()[:32]}"'
    common = {**headers, "ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    held = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in held:
        return Response(status_code=304, headers=common)
    if takes_gzip(accept_encoding):
        body = gzip.compress(body, _LEVEL, mtime=0)
        common["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/octet-stream", headers=common)


def headers_of(leads: tuple[str, ...], rate_hz: float, body: bytes, derived: frozenset[str]) -> dict[str, str]:
    return {
        "Ecg-Leads": ",".join(leads),
        "Ecg-Derived": ",".join(sorted(derived)),
        "Ecg-Sampling-Rate": f"{rate_hz:.9g}",
        "Ecg-Samples": str(len(body) // 2 // max(len(leads), 1)),
        "Ecg-Unit": "uV",
        "Ecg-Missing": str(MISSING),
    }


def _slower(trace: Trace, ratio: Fraction) -> Steps:
    """Band-limited to the lower rate; a stretch without values stays one."""
    up, down = ratio.numerator, ratio.denominator
    lost = trace.steps == MISSING
    values = _bridged(trace.steps, lost)
    # The filter takes what lies beyond either end for zero: a lead with an offset would begin with a step.
    resampled = resample_poly(values, up, down, axis=1, padtype="edge")
    slower: Steps = (np.rint(np.clip(resampled, -32764, 32764) / _STEP_UV) * _STEP_UV).astype(np.int16)
    if lost.any():
        at = np.minimum((np.arange(slower.shape[1]) * down / up).astype(int), lost.shape[1] - 1)
        slower[lost[:, at]] = MISSING
    return slower


def _bridged(steps: Steps, lost: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Straight lines over what is missing: a fall to zero would ring into the samples beside it."""
    values = steps.astype(np.float64)
    at = np.arange(steps.shape[1])
    for lead, gone in zip(values, lost, strict=True):
        if gone.all():
            lead[:] = 0.0
        elif gone.any():
            lead[gone] = np.interp(at[gone], at[~gone], lead[~gone])
    return values
