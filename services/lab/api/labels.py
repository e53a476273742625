"""What a tube's label says, from its case."""

from collections.abc import Sequence
from datetime import date

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.specimen_steps import SPECIMEN_NAMES
from services.lab.label.label import Label
from services.lab.models import Specimen
from services.lab.queries import orders
from shared import directory
from shared.auth import Actor
from shared.clock import to_shanghai, utc_now
from shared.db import Session
from shared.events.case import Card, Patient
from shared.reading.queries import cases

_SEXES = {"M": "男", "F": "女"}
_AGE_UNITS = {"Y": "岁", "M": "月", "W": "周", "D": "天"}


async def labels_of(session: Session, actor: Actor, tubes: Sequence[Specimen]) -> list[Label]:
    """Raises NotFound for a case the actor may not see."""
    catalogue = load_catalogue()
    labels = []
    for tube in tubes:
        case = await cases.see(session, actor, tube.case_id)
        card = Card.model_validate(case.card)
        items = [catalogue.item(each.item) for each in await orders.live_items(session, [tube.case_id])]
        panels = [card.exam.name] if card.exam.name else [item.name for item in items if item]
        place = (card.encounter.ward or card.encounter.department) if card.encounter else None
        labels.append(
            Label(
                specimen_number=tube.number,
                patient_name=card.patient.name,
                sex=_SEXES.get(card.patient.sex, ""),
                age=age_text(card.patient),
                exams=tuple(panels),
                tube=tube.tube or "",
                specimen_type=SPECIMEN_NAMES.get(tube.type, tube.type),
                place=place or await directory.name_of(session, tube.clinic_id),
                collected_at=tube.collected_at,
                is_urgent=case.priority != "routine",
            )
        )
    return labels


def age_text(patient: Patient) -> str:
    """``66岁``, as ordered or from the date of birth; empty where neither is known."""
    if patient.age:
        return patient.age[:-1] + _AGE_UNITS[patient.age[-1]]
    return "" if patient.birth_date is None else _since(patient.birth_date, to_shanghai(utc_now()).date())


def _since(born: date, today: date) -> str:
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years >= 3:
        return f"{years}岁"
    days = (today - born).days
    return f"{days // 30}月" if days >= 60 else f"{max(days, 0)}天"
