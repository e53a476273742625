"""The order that goes with an upload: the region's own where one matches, else only how urgent it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clinic.spool.database import Database
from clinic.spool.items import RANKS, Item
from clinic.spool.worklist import Entry, match


@dataclass(frozen=True, slots=True)
class Order:
    body: dict[str, Any]
    priority: str

    @property
    def json(self) -> str:
        return json.dumps(self.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def find_entry(database: Database, center: str, items: Sequence[Item]) -> Entry | None:
    return next((entry for item in items if (entry := match(database, center, item.facts)) is not None), None)


def order_of(entry: Entry | None, priority: str) -> Order:
    """Without an order the region takes patient and exam from the files; the files' own accession number is not passed
    on, since machines without a worklist write the same one into every exam."""
    if entry is None:
        return Order({"priority": priority, "patient": {}}, priority)
    higher = min(priority, entry.priority, key=lambda name: RANKS.get(name, RANKS["routine"]))
    patient = _filled(
        id=entry.patient_id,
        name=entry.patient_name,
        sex=entry.sex,
        birth_date=entry.birth_date,
        age="" if entry.birth_date else entry.age,
    )
    exam = _filled(code=entry.exam_code, name=entry.exam_name, modality=entry.modality, laterality=entry.laterality)
    body = {"accession_number": entry.accession_number, "priority": higher, "patient": patient, "exam": exam}
    return Order(body, higher)


def _filled(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
