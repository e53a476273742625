import zlib

import numpy as np
import pytest

from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Beats, Marks, MedianBeat
from services.ecg.rules.trace import MISSING, pack, unpack


def recording(microvolts: np.ndarray, *leads: str, rate: float = 500.0) -> Recording:
    return Recording("csv", rate, leads, microvolts, derived=frozenset({"III"}) & frozenset(leads))


RECORDING = recording(np.random.default_rng(3).integers(-5000, 5000, (3, 1000)).astype(float), "I", "II", "III")
MEDIAN = MedianBeat(
    500.0, ("I", "II"), np.arange(20.0).reshape(2, 10), Marks(None, None, 3.5, 90.0, 400.0, 250.0), beat_count=7
)


def test_what_was_packed_comes_back() -> None:
    trace = unpack(pack(RECORDING, MEDIAN, Beats((100, 600), (0, 1)), (98,)))
    assert (trace.sampling_rate_hz, trace.leads, trace.derived) == (500.0, ("I", "II", "III"), frozenset({"III"}))
    assert np.array_equal(trace.microvolts, RECORDING.microvolts)
    assert trace.duration_s == 2.0
    assert trace.beats == Beats((100, 600), (0, 1))
    assert trace.spike_samples == (98,)
    assert trace.median == MEDIAN
    assert trace.median is not None
    assert np.array_equal(trace.median.microvolts, MEDIAN.microvolts)


def test_a_recording_without_an_analysis_is_kept_too() -> None:
    trace = unpack(pack(RECORDING))
    assert (trace.beats, trace.median, trace.spike_samples) == (None, None, ())


def test_a_missing_value_stays_missing_and_a_huge_one_is_clipped() -> None:
    trace = unpack(pack(recording(np.array([[np.nan, 0.4, -0.6, 1e9, -1e9, np.inf]]), "I")))
    assert trace.steps.tolist() == [[MISSING, 0, -1, 32767, -32767, 32767]]
    assert np.isnan(trace.microvolts[0, 0])


def test_ten_seconds_of_twelve_leads_are_small() -> None:
    time = np.arange(5000) / 500
    waves = np.stack([1000 * np.sin(2 * np.pi * time * 1.2) ** 21 + 10 * lead for lead in range(12)])
    assert len(pack(recording(waves, *(f"V{lead}" for lead in range(12))))) < 60_000


def test_the_same_recording_gives_the_same_bytes() -> None:
    assert pack(RECORDING, MEDIAN) == pack(RECORDING, MEDIAN)


BLOB = pack(RECORDING, MEDIAN)
BODY = zlib.decompress(BLOB[8:])


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"GZTRACE\x02" + BLOB[8:],
        BLOB[:8],
        BLOB[:-1],
        BLOB + b"\0",
        BLOB[:100] + bytes([BLOB[100] ^ 1]) + BLOB[101:],
        BLOB[:8] + zlib.compress(b""),
        BLOB[:8] + zlib.compress(b"\xff\xff\xff\xff" + BODY[4:]),
        BLOB[:8] + zlib.compress(BODY[:-2]),
        BLOB[:8] + zlib.compress(BODY.replace(b'"samples":1000', b'"samples":1002')),
        BLOB[:8] + zlib.compress(BODY.replace(b'"derived"', b'"derIved"')),
        BLOB[:8] + zlib.compress(bytes(40_000_000)),
    ],
    ids=["empty", "version", "head", "cut", "more", "bit", "nothing", "length", "short", "shape", "field", "bomb"],
)
def test_damage_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"trace|validation"):
        unpack(damaged)


@pytest.mark.parametrize("at", range(8, len(BLOB), 97))
def test_no_changed_byte_goes_unseen(at: int) -> None:
    with pytest.raises(ValueError, match=r"trace|validation"):
        unpack(BLOB[:at] + bytes([BLOB[at] ^ 0x5A]) + BLOB[at + 1 :])


def test_electrodes_far_apart_leave_the_curve_whole() -> None:
    """A lead with an offset of 40 mV, as DC-coupled carts store it, must not become a flat line of good quality."""
    curve = 1000 * np.sin(np.arange(500) / 20)
    curve[7] = np.nan
    trace = unpack(pack(recording(np.stack([curve + 40_000, curve]), "V1", "V2")))
    shown = trace.microvolts - np.nanmedian(trace.microvolts, axis=1, keepdims=True)
    assert np.nanmax(np.abs(shown - (curve - np.nanmedian(curve)))) <= 1.5
    assert np.isnan(trace.microvolts[:, 7]).all()
    assert np.nanmedian(trace.microvolts[1]) == pytest.approx(np.nanmedian(curve), abs=1)
