"""Answers of the laboratory centre that several routes share."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.lab.models import Specimen, SpecimenStep
from shared.reading.models import Case


class ShownStep(BaseModel):
    step: str
    at: datetime
    entered_at: datetime
    by: str
    org_id: str
    place: str | None
    box: str | None
    temperature_c: float | None
    reason: str | None
    comment: str | None


class ShownSpecimen(BaseModel):
    number: str
    case_id: str
    accession_number: str | None = None
    type: str
    tube: str | None
    group: str
    state: str
    box: str | None
    refusal: str | None = Field(description="why the laboratory did not take it")
    collected_at: datetime | None
    received_at: datetime | None
    links: dict[str, str]


class SpecimenAnswer(ShownSpecimen):
    items: list[str]
    steps: list[ShownStep]


class ShownSpecimens(BaseModel):
    specimens: list[ShownSpecimen]
    next_cursor: str | None


def show_specimen(specimen: Specimen, case: Case | None = None) -> ShownSpecimen:
    base = f"/lab/v1/specimens/{specimen.number}"
    return ShownSpecimen(
        number=specimen.number,
        case_id=specimen.case_id,
        accession_number=case.accession_number if case else None,
        type=specimen.type,
        tube=specimen.tube,
        group=specimen.group,
        state=specimen.state,
        box=specimen.box,
        refusal=specimen.refusal,
        collected_at=specimen.collected_at,
        received_at=specimen.received_at,
        links={"self": base, "label": f"{base}/label.pdf", "case": f"/lab/v1/cases/{specimen.case_id}"},
    )


def show_step(step: SpecimenStep) -> ShownStep:
    return ShownStep(
        step=step.step,
        at=step.at,
        entered_at=step.entered_at,
        by=step.account_name,
        org_id=step.org_id,
        place=step.place,
        box=step.box,
        temperature_c=step.temperature_c,
        reason=step.reason,
        comment=step.comment,
    )
