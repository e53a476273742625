"""One patient or two."""

from dataclasses import replace
from datetime import date

import pytest

from services.imaging.parse.patient import PatientFacts
from services.imaging.parse.remark import Remark
from services.imaging.parse.same_patient import PatientCheck

ZHANG = PatientFacts(
    id="T1", issuer="", name="张三", name_text="Zhang^San=张^三", sex="M", birth_date=date(1960, 1, 31), age=None
)


def check(*patients: PatientFacts) -> PatientCheck:
    result = PatientCheck()
    for patient in patients:
        result.add(patient)
    return result


@pytest.mark.parametrize(
    "text", ["ZHANG SAN", "zhang^san", "Ｚｈａｎｇ　San", "张三", "张^三=张 三", "Zhang^San= 张^三 "]
)
def test_spelling_makes_no_second_patient(text: str) -> None:
    result = check(ZHANG, replace(ZHANG, name_text=text))
    assert result.is_one_patient and not result.remarks


def test_a_padded_or_otherwise_cased_id_is_the_same() -> None:
    assert check(ZHANG, replace(ZHANG, id=" t1 ")).is_one_patient


def test_one_id_under_two_names_is_remarked() -> None:
    result = check(ZHANG, replace(ZHANG, name_text="Li^Si=李^四"))
    assert result.is_one_patient and result.remarks == {Remark.PATIENT_NAME_DIFFERS}


def test_another_id_and_another_name_is_another_patient() -> None:
    assert not check(ZHANG, replace(ZHANG, id="T2", name_text="Li^Si=李^四")).is_one_patient


def test_one_name_under_two_ids_is_remarked() -> None:
    result = check(ZHANG, replace(ZHANG, id="T2"))
    assert result.is_one_patient and result.remarks == {Remark.PATIENT_ID_DIFFERS}


@pytest.mark.parametrize("other", [{"birth_date": date(1971, 5, 5)}, {"sex": "F"}])
def test_a_namesake_is_another_patient(other: dict[str, object]) -> None:
    assert not check(ZHANG, replace(ZHANG, id="T2", **other)).is_one_patient  # type: ignore[arg-type]


def test_one_id_of_two_issuers_is_two_patients_unless_all_else_agrees() -> None:
    here, there = replace(ZHANG, issuer="A"), replace(ZHANG, issuer="B")
    assert check(here, there).remarks == {Remark.PATIENT_ID_DIFFERS}
    assert not check(here, replace(there, name_text="Li^Si")).is_one_patient
    assert check(here, ZHANG).remarks == set()


def test_without_ids_the_name_decides() -> None:
    nobody = replace(ZHANG, id="")
    assert check(nobody, nobody).is_one_patient
    assert not check(nobody, replace(nobody, name_text="Li^Si")).is_one_patient


def test_the_third_file_counts_too() -> None:
    assert not check(ZHANG, ZHANG, replace(ZHANG, id="T3", name_text="Wang^Wu")).is_one_patient
