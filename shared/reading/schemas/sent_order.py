"""The order of an upload: CONTRACT.md's order, read as clinics' software really writes it."""

from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from shared.clock import to_shanghai, utc_now
from shared.errors import FieldProblem, Invalid
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


class SentPatient(OrderPatient):
    id: Annotated[Short, AfterValidator(_printable)] | None = None
    birth_date: Annotated[date, AfterValidator(_possible_birth)] | None = None


class SentOrder(Order):
    """What each centre's order extends by what the centre wants to know."""

    accession_number: Annotated[AccessionNumber, AfterValidator(_printable)] | None = None
    patient: SentPatient = Field(default_factory=SentPatient)

    @property
    def expected_count(self) -> int | None:
        """The number of contents that make the exam whole, where the order says it."""
        return None

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


SomeOrder = TypeVar("SomeOrder", bound=SentOrder)


def read_order(model: type[SomeOrder], raw: bytes | None) -> SomeOrder:
    """Raises Invalid with a pointer for each fault; what the clinic wrote is not quoted."""
    if raw is None:
        raise Invalid("缺少 order 分段", errors=[FieldProblem("/order", "missing", "需要一个名为 order 的 JSON 分段")])
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        problems = [
            FieldProblem("".join(f"/{part}" for part in item["loc"]), item["type"], item["msg"])
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise Invalid("order 内容不符合要求", errors=problems) from None


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
