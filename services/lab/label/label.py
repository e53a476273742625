"""Labels for tubes, 50 × 30 mm, one a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.lab.label.barcode import barcode
from shared.clock import show, utc_now
from shared.paper.render import render

LONGEST_NUMBER = 13
"""Characters of a specimen number that fit whatever they are; up to 26 where all are digits."""

_TEMPLATE = "services/lab/label/label.typ"
_PAGE_MM = 50.0


@dataclass(frozen=True, slots=True)
class Label:
    """``sex`` 男, ``age`` 66岁; ``tube`` 紫帽 EDTA, ``specimen_type`` 静脉血, ``place`` the clinic or ward that draws.
    ``is_urgent`` prints 急."""

    specimen_number: str
    patient_name: str
    sex: str = ""
    age: str = ""
    exams: tuple[str, ...] = ()
    tube: str = ""
    specimen_type: str = ""
    place: str = ""
    collected_at: datetime | None = None
    is_urgent: bool = False


def render_label(labels: Sequence[Label], *, made_at: datetime | None = None) -> bytes:
    """A PDF. Blocking, 5-50 ms: call it in a thread. ``made_at`` is the document's date, by default now.

    Raises ValueError for no label at all, and for a number that cannot be encoded or does not fit.
    """
    if not labels:
        raise ValueError("no label to print")
    return render(_TEMPLATE, {"labels": [_shown(each) for each in labels]}, made_at or utc_now()).pdf


def _shown(label: Label) -> dict[str, Any]:
    code = barcode(label.specimen_number, _PAGE_MM)
    return {
        "number": label.specimen_number,
        "svg": code.svg,
        "width_mm": code.width_mm,
        "name": label.patient_name or "无名氏",
        "person": " ".join(part for part in (label.sex, label.age) if part),
        "exams": "、".join(label.exams),
        "tube": "　".join(part for part in (label.tube, label.specimen_type) if part),
        "place": "　".join(
            part for part in (label.place, show(label.collected_at) if label.collected_at else "") if part
        ),
        "urgent": label.is_urgent,
    }
