"""Names of leads, and the limb leads that follow from two of them."""

from itertools import combinations

import numpy as np
import pytest

from services.ecg.parse.leads import KNOWN, LIMB, canonical, with_derived_limb_leads, with_known_leads
from services.ecg.parse.recording import Microvolts, Recording
from services.ecg.parse.refusal import Remark

ONE, TWO = np.random.default_rng(3).normal(0, 300, (2, 500))
TRUE = {
    "I": ONE, "II": TWO, "III": TWO - ONE, "aVR": -(ONE + TWO) / 2, "aVL": ONE - TWO / 2, "aVF": TWO - ONE / 2,
}  # fmt: skip


def recorded(leads: dict[str, Microvolts]) -> Recording:
    return Recording("made", 500, tuple(leads), np.stack(list(leads.values())))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Lead V1 (Einthoven)", "V1"), ("Lead aVF (Goldberger)", "aVF"), ("V3 R", "V3R"), ("MDC_ECG_LEAD_V3R", "V3R"),
        ("MDC_ECG_LEAD_AVL", "aVL"), ("LEAD II", "II"), ("Lead_III", "III"), ("avr", "aVR"), ("ECG I", "I"),
        ("EKG V6", "V6"), ("Ⅱ", "II"), ("Ｖ１", "V1"), ("导联V2", "V2"), ("D1", "I"), ("c4", "V4"), ("RV4", "V4R"),
        (" v9: ", "V9"), ("Lead-II", "II"), ("Z", "Z"),
        ("-aVR", None), ("1", None), ("2", None), ("Resp", None), ("", None), ("lead", None), ("V2R", None),
        ("V1" * 200, None), ("I-II", None), ("I II", None), ("Lead I_II", None), ("a-VL", None),
    ],
)  # fmt: skip
def test_names(written: str, name: str | None) -> None:
    assert canonical(written) == name


def test_every_known_name_is_its_own() -> None:
    assert [canonical(name) for name in KNOWN] == list(KNOWN)


@pytest.mark.parametrize("pair", list(combinations(LIMB, 2)))
def test_any_two_limb_leads_give_the_other_four(pair: tuple[str, str]) -> None:
    whole = with_derived_limb_leads(recorded({name: TRUE[name] for name in reversed(pair)} | {"V1": ONE}))
    assert whole.leads == (*LIMB, "V1")
    assert whole.derived == set(LIMB) - set(pair)
    for name in LIMB:
        np.testing.assert_allclose(whole.lead(name), TRUE[name], atol=1e-9)


def test_a_recorded_lead_is_never_replaced() -> None:
    odd = TRUE["III"] + 40
    whole = with_derived_limb_leads(recorded({"I": ONE, "II": TWO, "III": odd}))
    np.testing.assert_array_equal(whole.lead("III"), odd)
    np.testing.assert_array_equal(whole.lead("aVF"), TRUE["aVF"])
    assert whole.derived == {"aVR", "aVL", "aVF"}


def test_one_limb_lead_gives_nothing() -> None:
    whole = with_derived_limb_leads(recorded({"V2": TWO, "II": TWO}))
    assert whole.leads == ("II", "V2")
    assert not whole.derived


def test_a_gap_in_either_lead_is_a_gap_in_what_follows() -> None:
    one = ONE.copy()
    one[10:20] = np.nan
    whole = with_derived_limb_leads(recorded({"I": one, "II": TWO}))
    assert np.isnan(whole.lead("aVR")).nonzero()[0].tolist() == list(range(10, 20))


def test_the_pair_with_most_in_common_is_chosen() -> None:
    short = np.full_like(ONE, np.nan)
    short[:50] = ONE[:50]
    whole = with_derived_limb_leads(recorded({"I": short, "II": TWO, "III": TRUE["III"]}))
    np.testing.assert_allclose(whole.lead("aVL"), TRUE["aVL"], atol=1e-9)


def test_unknown_leads_and_second_curves_are_left_with_a_word() -> None:
    strip = np.concatenate([TWO[:100], np.full(400, np.nan)])
    kept = with_known_leads(Recording("made", 500, ("Lead II", "Resp", "II"), np.stack([strip, ONE, TWO])))
    assert kept.leads == ("II",)
    np.testing.assert_array_equal(kept.microvolts[0], TWO)
    assert kept.remarks == (Remark.leads_ignored,)
    assert with_known_leads(recorded({"I": ONE})).remarks == ()
