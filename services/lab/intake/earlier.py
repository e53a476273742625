"""What was measured of a person before, as it stands: a value that its report corrected is the corrected one, and one
that its report kept back is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.mapping import Resolved, measure
from services.lab.models import Result
from services.lab.parse.message import ResultLine
from services.lab.queries import released, results
from services.lab.report_form.content import LabContent
from services.lab.rules.facts import Measured
from shared.db import Session
from shared.reading.models import Case


@dataclass(frozen=True, slots=True)
class EarlierValue:
    """``printed``: as its report says it, empty where none is released."""

    row: Result
    measured: Measured
    at: datetime
    printed: str = ""


async def earlier_values(
    session: Session, case: Case, items: Sequence[str], *, since: datetime | None = None, released_only: bool = False
) -> list[EarlierValue]:
    """The newest first, of the person's other cases."""
    found = await results.earlier_of_person(session, case, items, since=since, released_only=released_only)
    said = await released.contents_of(session, sorted({earlier.case_id for _, earlier in found}))
    return [value for row, earlier in found for value in _as_it_stands(row, said.get(earlier.case_id))]


def typed_value(row: Result, text: str) -> Measured:
    """``text`` in the place of what was measured, in the row's unit."""
    item = load_catalogue().item(row.item)
    line = ResultLine(
        code=row.item, value=text, unit=row.unit or "", analyzer=row.analyzer, observed_at=row.measured_at
    )
    read = measure(line, Resolved(item, row.unit or "", "mapping")) if item else None
    return read if isinstance(read, Measured) else Measured(row.item, text=text, analyzer=row.analyzer)


def _as_it_stands(row: Result, content: LabContent | None) -> Iterator[EarlierValue]:
    at = row.measured_at or row.received_at
    if content is None:
        yield EarlierValue(row, results.measured_of(row), at)
        return
    for said in content.items:
        if said.item == row.item:
            measured = typed_value(row, said.value) if said.correction else results.measured_of(row)
            yield EarlierValue(row, measured, at, said.value)
