"""Samples on the wire: true to the stored trace at whatever rate is asked for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.ecg.api.samples import headers_of, waveform_body
from services.ecg.rules.trace import MISSING, Steps, Trace
from tests.support.cpu import spent

OFFSET_UV = 5000


def _trace(rate_hz: float, steps: Steps) -> Trace:
    return Trace(rate_hz, tuple(f"V{number + 1}" for number in range(len(steps))), steps)


def _level(rate_hz: float, seconds: float) -> Steps:
    return np.full((2, round(rate_hz * seconds)), OFFSET_UV, np.int16)


def _read(body: bytes) -> NDArray[np.int16]:
    return np.frombuffer(body, "<i2").reshape(2, -1)


def test_as_recorded_to_the_sample() -> None:
    steps = np.arange(-5000, 5000, dtype=np.int16).reshape(2, 5000)
    body, rate_hz = waveform_body(_trace(500.0, steps), None)
    assert rate_hz == 500.0
    np.testing.assert_array_equal(_read(body), steps)


@pytest.mark.parametrize(("recorded_hz", "asked_hz"), [(500.0, 499.999), (1000.0, 50.001), (599.88, None)])
def test_no_rate_is_dear(recorded_hz: float, asked_hz: float | None) -> None:
    with spent() as resampling:
        body, rate_hz = waveform_body(_trace(recorded_hz, _level(recorded_hz, 10.0)), asked_hz)
    assert resampling.seconds < 0.5
    assert rate_hz == pytest.approx(asked_hz or 500.0, rel=1e-3)
    assert _read(body).shape[1] / rate_hz == pytest.approx(10.0, abs=0.05)


def test_never_faster_than_recorded() -> None:
    assert waveform_body(_trace(250.0, _level(250.0, 2.0)), 32_000.0)[1] == 250.0


def test_an_offset_makes_no_step_at_either_end() -> None:
    body, _ = waveform_body(_trace(1000.0, _level(1000.0, 2.0)), None)
    assert np.abs(_read(body).astype(int) - OFFSET_UV).max() <= 5


def test_a_gap_stays_one_and_does_not_ring() -> None:
    steps = _level(1000.0, 2.0)
    steps[0, 600:700] = MISSING
    shown = _read(waveform_body(_trace(1000.0, steps), None)[0])[0]
    assert (shown[300:350] == MISSING).all()
    there = np.delete(shown.astype(int), slice(300, 350))
    assert np.abs(there - OFFSET_UV).max() <= 5


def test_the_header_names_the_rate_exactly_enough_for_ten_minutes() -> None:
    assert float(headers_of(("I",), 499.9000024, b"", frozenset())["Ecg-Sampling-Rate"]) == pytest.approx(
        499.9000024, rel=1e-8
    )
