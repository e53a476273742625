"""The published codes."""

from services.imaging.parse.refusal import FailureCode, Refused


def test_every_code_has_a_sentence_and_a_number_of_its_own() -> None:
    reasons = [code.dicom_reason for code in FailureCode]
    assert len(set(reasons)) == len(reasons)
    assert all(reason >> 8 in (0xA7, 0xA9) or reason >> 12 == 0xC for reason in reasons)
    assert all(code.detail for code in FailureCode)


def test_a_refusal_adds_to_the_sentence_of_its_code() -> None:
    refusal = Refused(FailureCode.TRUNCATED, "没有像素数据")
    assert refusal.detail == f"{FailureCode.TRUNCATED.detail}：没有像素数据"
    assert refusal.dicom_reason == FailureCode.TRUNCATED.dicom_reason
    assert Refused(FailureCode.TRUNCATED).detail == FailureCode.TRUNCATED.detail
