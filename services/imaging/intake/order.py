"""The order of an imaging upload: CONTRACT.md's order, read as clinics' software really writes it."""

from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator

from services.imaging.intake.national_id import read_national_id
from shared.clock import to_shanghai, utc_now
from shared.errors import FieldProblem, Invalid
from shared.events.case import CaseWarning
from shared.reading.schemas.order import AccessionNumber, Order, OrderPatient, Short

_MAX_AGE_YEARS = 150
_CLOCK_SKEW = timedelta(days=1)


def _possible_birth(day: date) -> date:
    today = to_shanghai(utc_now()).date()
    if day > today + _CLOCK_SKEW or day.year < today.year - _MAX_AGE_YEARS:
        raise ValueError("lies in the future or more than 150 years back")
    return day


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a control character")
    return text


class ImagingPatient(OrderPatient):
    id: Annotated[Short, AfterValidator(_printable)] | None = None
    birth_date: Annotated[date, AfterValidator(_possible_birth)] | None = None


class ImagingOrder(Order):
    accession_number: Annotated[AccessionNumber, AfterValidator(_printable)] | None = None
    patient: ImagingPatient = Field(default_factory=ImagingPatient)
    expected_instances: int | None = Field(
        default=None, ge=1, le=100_000, description="the exam is whole as soon as so many images are there"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, value: Any) -> Any:
        """Clinics' software sends ``""`` for what it does not know, numbers between blanks, and a small x."""
        if not isinstance(value, dict):
            return value
        order = _filled(value)
        patient = order.get("patient")
        if isinstance(patient, dict) and isinstance(patient.get("national_id"), str):
            order["patient"] = patient | {"national_id": patient["national_id"].upper()}
        return order


def read_order(raw: bytes | None) -> ImagingOrder:
    """Raises Invalid with a pointer for each fault; what the clinic wrote is not quoted."""
    if raw is None:
        raise Invalid("缺少 order 分段", errors=[FieldProblem("/order", "missing", "需要一个名为 order 的 JSON 分段")])
    try:
        return ImagingOrder.model_validate_json(raw)
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


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    """Without blanks around texts and without empty fields, in the order itself and in its parts."""
    stripped = {key: _stripped(item) for key, item in body.items()}
    return {key: item for key, item in stripped.items() if item not in ("", None)}


def _stripped(item: Any) -> Any:
    if isinstance(item, str):
        return item.strip()
    if isinstance(item, dict):
        flat = {key: inner.strip() if isinstance(inner, str) else inner for key, inner in item.items()}
        return {key: inner for key, inner in flat.items() if inner not in ("", None)}
    return item
