import pytest
from pydantic import ValidationError

from services.lab.report_form.form import LabForm
from tests.unit.lab.report_form.reports import form


def test_a_draft_may_be_empty() -> None:
    assert LabForm() == form()
    assert form().results == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"conclusion": "x"},
        {"comment": 1},
        {"results": {"K": {"action": "delete"}}},
        {"results": {"K": {"action": "corrected", "value": 6.8}}},
        {"results": {"K": {"action": "accept", "flag": "H"}}},
        {"results": {"": {}}},
        {"accepted_holds": [""]},
        {"acknowledged": ["result_held"]},
        {"results": {f"T{number}": {} for number in range(501)}},
    ],
)
def test_what_the_form_does_not_know_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LabForm.model_validate(fields)


def test_a_star_lets_all_holds_pass() -> None:
    assert form(accepted_holds=["*"]).lets_pass("K")
    assert form(accepted_holds=["K"]).lets_pass("K")
    assert not form(accepted_holds=["NA"]).lets_pass("K")
