import pytest
from pydantic import ValidationError

from services.lab.parse.manual import ManualResults, read_manual


def test_typed_results_name_the_person_who_is_logged_in() -> None:
    entry = ManualResults.model_validate(
        {
            "entry_id": "e1",
            "specimen_number": "T1",
            "lines": [{"code": "ESR", "value": "15", "unit": "mm/h", "operator": "x"}],
        }
    )
    message = read_manual(entry, "site_1", "usr_1")
    (line,) = message.groups[0].lines
    assert (message.protocol, message.message_id, message.groups[0].specimen_number) == ("json", "e1", "T1")
    assert (line.code, line.value, line.unit, line.operator) == ("ESR", "15", "mm/h", "usr_1")


@pytest.mark.parametrize(
    "change", [{"specimen_number": " "}, {"lines": []}, {"lines": [{"code": "K", "value": "4\0"}]}]
)
def test_what_cannot_be_stored_is_refused(change: dict[str, object]) -> None:
    good = {"entry_id": "e1", "specimen_number": "T1", "lines": [{"code": "K", "value": "4"}]}
    with pytest.raises(ValidationError):
        ManualResults.model_validate({**good, **change})
