import httpx
import pytest

from clinic.region.outcomes import Refused, RegionAway, read_answer
from clinic.region.transport import case_id_of


def problem(status: int, code: str, *pointers: str, headers: dict[str, str] | None = None) -> httpx.Response:
    errors = [{"pointer": pointer, "code": code, "detail": "细节"} for pointer in pointers]
    kind = {"content-type": "application/problem+json", **(headers or {})}
    return httpx.Response(status, json={"code": code, "detail": "原因", "errors": errors}, headers=kind)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 422])
def test_the_regions_own_no_is_final(status: int) -> None:
    with pytest.raises(Refused) as refused:
        read_answer(problem(status, "some_code", "/patient/id"))
    assert (refused.value.code, refused.value.detail) == ("some_code", "原因；细节")


@pytest.mark.parametrize(
    ("status", "code"),
    [(408, "x"), (425, "x"), (429, "x"), (500, "internal"), (503, "unavailable"), (413, "upload_quota"), (460, "x")],
)
def test_what_passes_by_itself_is_tried_again(status: int, code: str) -> None:
    with pytest.raises(RegionAway):
        read_answer(problem(status, code))


@pytest.mark.parametrize("status", [302, 400, 403, 404, 407, 413, 502])
def test_a_proxys_word_is_not_the_regions(status: int) -> None:
    with pytest.raises(RegionAway):
        read_answer(httpx.Response(status, text="<html>no</html>", headers={"content-type": "text/html"}))


def test_retry_after_is_read() -> None:
    with pytest.raises(RegionAway) as away:
        read_answer(problem(503, "unavailable", headers={"retry-after": "17"}))
    assert away.value.retry_after_s == 17


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff"])
def test_a_success_that_is_no_json_is_not_believed(body: bytes) -> None:
    with pytest.raises(RegionAway):
        read_answer(httpx.Response(200, content=body))


@pytest.mark.parametrize("answer", [{}, [], None, {"case_id": ""}, {"case_id": 5}])
def test_a_success_without_a_case_is_not_believed(answer: object) -> None:
    with pytest.raises(RegionAway):
        case_id_of(answer)


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (Refused(422, "invalid", "", ("file:1", "file:2")), True),
        (Refused(409, "instance_conflict", ""), True),
        (Refused(415, "unsupported_kind", ""), True),
        (Refused(422, "patient_missing", "", ("/patient",)), False),
        (Refused(409, "accession_taken", ""), False),
    ],
)
def test_only_a_files_fault_lets_the_others_be_tried_without_it(refused: Refused, expected: bool) -> None:
    assert refused.concerns_files is expected
