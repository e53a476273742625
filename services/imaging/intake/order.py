"""The order of an upload as CONTRACT.md gives it, and what is odd about it without being wrong."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, ValidationError, model_validator

from services.imaging.intake.national_id import read_national_id
from shared.clock import to_shanghai, utc_now
from shared.errors import FieldProblem, Invalid
from shared.events.case import CaseWarning, Encounter, Exam, Patient, Requester
from shared.events.part import Part

_MAX_AGE_YEARS = 150
_CLOCK_SKEW = timedelta(days=1)

Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Line = Annotated[str, StringConstraints(max_length=256)]
Words = Annotated[str, StringConstraints(max_length=10_000)]


def _born_before_today(day: date) -> date:
    today = to_shanghai(utc_now()).date()
    if day > today + _CLOCK_SKEW or day.year < today.year - _MAX_AGE_YEARS:
        raise ValueError("birth_date lies in the future or more than 150 years back")
    return day


class _Body(Part):
    """Clinics' software sends ``""`` for what it does not know, and numbers with blanks around them."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        stripped = {key: item.strip() if isinstance(item, str) else item for key, item in value.items()}
        return {key: item for key, item in stripped.items() if item not in ("", None)}


class OrderPatient(_Body):
    id: Code | None = None
    name: Line = ""
    national_id: Annotated[str, StringConstraints(max_length=32, to_upper=True)] | None = None
    sex: Literal["M", "F", "O", "U"] = "U"
    birth_date: Annotated[date, AfterValidator(_born_before_today)] | None = None
    age: Annotated[str, StringConstraints(pattern=r"^\d{1,3}[YMWD]$")] | None = None
    unknown: bool = False


class OrderExam(_Body):
    code: Code | None = None
    name: Line = ""
    laterality: Literal["L", "R", "B"] | None = None
    modality: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{1,16}$")] | None = None
    body_part: Line | None = None


class OrderEncounter(_Body):
    type: Literal["outpatient", "inpatient", "emergency", "checkup"] | None = None
    number: Code | None = None
    department: Line | None = None
    ward: Line | None = None
    bed: Line | None = None


class OrderRequester(_Body):
    name: Line | None = None
    phone: Code | None = None


class Order(_Body):
    accession_number: Code | None = None
    priority: Literal["stat", "urgent", "routine"] = "routine"
    exam: OrderExam = Field(default_factory=OrderExam)
    performed_at: AwareDatetime | None = None
    patient: OrderPatient = Field(default_factory=OrderPatient)
    encounter: OrderEncounter | None = None
    clinical_info: Words | None = None
    requester: OrderRequester | None = None
    expected_instances: int | None = Field(
        default=None, ge=1, le=100_000, description="complete as soon as so many images are there"
    )

    def to_patient(self) -> Patient:
        return Patient.model_validate(self.patient.model_dump())

    def to_exam(self) -> Exam:
        return Exam.model_validate(self.exam.model_dump() | {"performed_at": self.performed_at})

    def to_encounter(self) -> Encounter | None:
        return Encounter.model_validate(self.encounter.model_dump()) if self.encounter else None

    def to_requester(self) -> Requester | None:
        return Requester.model_validate(self.requester.model_dump()) if self.requester else None


def read_order(raw: bytes | None) -> Order:
    """Raises Invalid with a pointer for each fault; what the clinic wrote is not quoted."""
    if raw is None:
        raise Invalid("缺少 order 分段", errors=[FieldProblem("/order", "missing", "需要一个名为 order 的 JSON 分段")])
    try:
        return Order.model_validate_json(raw)
    except ValidationError as error:
        problems = [
            FieldProblem("".join(f"/{part}" for part in item["loc"]), item["type"], item["msg"])
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise Invalid("order 内容不符合要求", errors=problems) from None


def warnings_of(order: Order) -> list[CaseWarning]:
    """A wrong identity number must not keep an emergency waiting: the reader is told, the order is taken."""
    number = order.patient.national_id
    if number is None:
        return []
    read = read_national_id(number)
    if read is None:
        return [CaseWarning(code="national_id_invalid", detail="身份证号不正确，请核对患者身份")]
    patient = order.patient
    differs = [
        word
        for word, given, own in (("出生日期", patient.birth_date, read.birth_date), ("性别", patient.sex, read.sex))
        if given not in (None, "U", "O", own)
    ]
    if not differs:
        return []
    return [CaseWarning(code="national_id_mismatch", detail=f"身份证号与申请单的{'、'.join(differs)}不一致，请核对")]
