"""Whatever a file holds, the checks answer: no exception, no warning."""

import numpy as np
import pytest

from services.ecg.parse.leads import KNOWN
from services.ecg.parse.recording import Recording
from services.ecg.rules.quality.check import check_quality
from services.ecg.rules.quality.pacing import find_pacing_spikes
from tests.unit.ecg.rules.quality.disturb import texts


@pytest.mark.parametrize("seed", range(40))
def test_odd_shapes_rates_gaps_and_heights_are_answered_with_advice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, samples = int(rng.integers(1, len(KNOWN) + 1)), int(rng.choice([1, 2, 3, 7, 50, 499, 2503]))
    values = rng.normal(0, 10.0 ** rng.integers(0, 8), (count, samples))
    values[rng.random(values.shape) < rng.choice([0.0, 0.3, 1.0])] = np.nan
    values[int(rng.integers(count))] = rng.choice([0.0, np.nan, 1e9])
    leads = tuple(str(lead) for lead in rng.permutation(KNOWN)[:count])
    recording = Recording("synthetic", float(rng.choice([50.0, 100.0, 500.0, 977.0, 32000.0])), leads, values)
    quality = check_quality(recording)
    assert quality.verdict == "ok" or texts(quality), "what is not ok says what to do"
    assert all(0 <= spike < samples for spike in find_pacing_spikes(recording))


def test_unbounded_values_are_gaps() -> None:
    values = np.random.default_rng(1).normal(0, 300, (2, 5000))
    values[0, 700] = np.inf
    quality = check_quality(Recording("synthetic", 500.0, ("V1", "V2"), values))
    assert quality.verdict == "poor"
