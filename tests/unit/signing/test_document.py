import json

import pytest
from pydantic import ValidationError

from shared.signing.document import ReportDocument
from tests.unit.signing.people import STATEMENT, statement


def test_the_bytes_of_a_statement_never_change() -> None:
    """Whoever breaks this breaks every signature made before: add fields in a new version of the schema."""
    assert statement().sha256() == "39056b570130af502a3d26e43918ecb3f047d19223c3d7e6facbd01cc90c63cc"


def test_a_statement_read_back_has_the_same_bytes() -> None:
    document = statement()
    assert ReportDocument.model_validate_json(document.canonical()).canonical() == document.canonical()


def test_times_are_kept_in_utc() -> None:
    assert json.loads(statement().canonical())["written_at"] == "2026-11-21T02:31:20Z"


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"patient": {**STATEMENT["patient"], "phone": "1"}},
        {"written_at": "2026-11-21T10:31:20"},
        {"version": 0},
        {"status": "approved"},
        {"patient": {**STATEMENT["patient"], "age": "old"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_nobody_defined_is_not_signed(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        statement(**change)
