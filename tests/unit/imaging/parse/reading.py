"""Shorthands of these tests."""

import io

import pytest

from services.imaging.parse.instance import Instance, read_instance
from services.imaging.parse.limits import Limits
from services.imaging.parse.outcomes import Conclusion, Outcome
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.sort_out import UploadSorter


def read(file: bytes, default_charset: str | None = "GB18030") -> Instance:
    return read_instance(io.BytesIO(file), len(file), default_charset=default_charset)


def refusal_of(file: bytes) -> FailureCode:
    with pytest.raises(Refused) as caught:
        read(file)
    return caught.value.code


def sort_out(files: dict[str, bytes], limits: Limits | None = None) -> tuple[dict[str, Outcome], Conclusion]:
    """Outcomes by name, and the conclusion."""
    sorter = UploadSorter(default_charset="GB18030", limits=limits)
    outcomes = {
        outcome.name: outcome
        for name, file in files.items()
        for outcome in sorter.sort(name, io.BytesIO(file), len(file))
    }
    return outcomes, sorter.conclude()
