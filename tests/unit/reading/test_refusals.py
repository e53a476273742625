"""One error for a refused upload, with the reason of each file."""

import pytest

from shared.errors import GongzhenError, InstanceConflict, Invalid, TooLarge, UnsupportedKind
from shared.reading.workflow.refusals import Refusal, refusal_error


def error_for(*codes: str, is_of_no_kind: bool = False) -> GongzhenError:
    refusals = [Refusal(number, f"{number}.xml", code, "原因") for number, code in enumerate(codes, 1)]
    return refusal_error(refusals, limits={"bytes": 5}, supported=["application/xml"], is_of_no_kind=is_of_no_kind)


@pytest.mark.parametrize(
    ("codes", "is_of_no_kind", "kind", "code"),
    [
        (("too_large",), False, TooLarge, "too_large"),
        (("too_many_files", "unreadable"), True, TooLarge, "files_refused"),
        (("instance_conflict",), False, InstanceConflict, "instance_conflict"),
        (("not_ecg", "not_ecg"), True, UnsupportedKind, "not_ecg"),
        (("not_ecg", "not_ecg"), False, Invalid, "not_ecg"),
        (("truncated", "not_ecg"), False, Invalid, "files_refused"),
    ],
)
def test_the_files_reasons_decide_of_the_answer(
    codes: tuple[str, ...], is_of_no_kind: bool, kind: type[GongzhenError], code: str
) -> None:
    error = error_for(*codes, is_of_no_kind=is_of_no_kind)
    assert (type(error), error.code) == (kind, code)
    assert [problem.pointer for problem in error.errors] == [f"file:{n}" for n in range(1, len(codes) + 1)]
    assert error.extra["refused_count"] == len(codes)


def test_what_is_read_instead_and_what_is_allowed_are_named() -> None:
    assert error_for("not_ecg", is_of_no_kind=True).extra["supported"] == ["application/xml"]
    assert error_for("too_large").extra["limits"] == {"bytes": 5}


def test_an_answer_lists_a_hundred_files_and_counts_all() -> None:
    error = error_for(*["truncated"] * 250)
    assert (len(error.errors), error.extra["refused_count"]) == (100, 250)
    assert error.detail == "250 个文件被拒绝，未保存任何内容"


def test_the_upload_as_a_whole_has_its_own_place() -> None:
    error = refusal_error([Refusal(0, "", "two_patients", "原因")], limits={}, supported=[], is_of_no_kind=False)
    assert (error.errors[0].pointer, error.detail, error.extra["files"]) == ("files", "原因", [])
