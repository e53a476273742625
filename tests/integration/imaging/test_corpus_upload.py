"""Every real file is taken or refused for a reason of its own; none is an accident of ours."""

from pathlib import Path

import pytest

from services.imaging.parse.refusal import FailureCode
from tests.integration.imaging.conftest import Centre

_MAX_BYTES = 6 << 20
_EVERY = 4  # a quarter of the corpus is enough to show that storage takes what the parser gives


@pytest.mark.corpus
async def test_real_files_are_taken_or_refused_for_a_reason(centre: Centre, corpus: Path) -> None:
    rows = [line.split("\t") for line in (corpus / "INDEX.tsv").read_text().splitlines()[1:]]
    named = [row[0] for row in rows if "DICOM" in row[3] and int(row[2]) <= _MAX_BYTES][::_EVERY]
    taken = 0
    for number, name in enumerate(named):
        answer = await centre.upload((corpus / name).read_bytes(), order={"patient": {"id": f"P{number}"}})
        if answer.status_code == 202:
            taken += 1
            continue
        assert answer.status_code in (409, 413, 415, 422), (name, answer.text)
        assert answer.json()["code"] in {*FailureCode, "instance_conflict"}, (name, answer.text)
    assert taken > len(named) * 0.7
    assert await centre.count("reading.case") == taken
