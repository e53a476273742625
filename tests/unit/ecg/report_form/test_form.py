import pytest
from pydantic import ValidationError

from services.ecg.report_form.form import EcgForm
from tests.unit.ecg.report_form.reports import form


def test_an_empty_draft_is_kept() -> None:
    empty = EcgForm.model_validate({})
    assert (empty.heart_rate_bpm, empty.layout, empty.speed_mm_s, empty.gain_mm_mv) == ("measured", "3x4+1", 25, 10)


@pytest.mark.parametrize("value", ["measured", None, 60])
def test_a_number_is_accepted_corrected_or_absent(value: object) -> None:
    assert form(heart_rate_bpm=value).heart_rate_bpm == value


@pytest.mark.parametrize(
    "change",
    [
        {"heart_rate_bpm": 401},
        {"heart_rate_bpm": -1},
        {"heart_rate_bpm": 60.5},
        {"heart_rate_bpm": True},
        {"pr_ms": "160"},
        {"qt_ms": 1501},
        {"axis_deg": 271},
        {"rv5_mv": float("nan")},
        {"rv5_mv": float("inf")},
        {"sv1_mv": -0.1},
        {"layout": "4x3"},
        {"speed_mm_s": 30},
        {"gain_mm_mv": 15},
        {"acknowledged": ["required"]},
        {"findings": "长" * 20_001},
        {"recording_id": "x" * 101},
        {"colour": "x"},
    ],
    ids=str,
)
def test_what_is_no_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        form(**change)
