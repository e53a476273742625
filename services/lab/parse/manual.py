"""Results typed in by a technologist (an ESR rack, a microscope): the plain JSON form of ``POST /lab/v1/results``."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from services.lab.parse.message import LineStatus, Message, ResultLine, SpecimenGroup
from shared.events.part import Part

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ManualLine(Part):
    """``value`` is what is to be printed: ``5.60`` stays ``5.60``. ``code`` is the catalogue's item."""

    code: Code
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    unit: Words = ""
    flags: list[Code] = Field(default_factory=list, max_length=20)
    status: Literal["preliminary", "final", "corrected", "deleted"] = "final"
    observed_at: AwareDatetime | None = None
    analyzer: Words = ""
    comment: Words = ""


class ManualResults(Part):
    """``entry_id`` is the client's own: the same entry sent twice is stored once."""

    entry_id: Code
    specimen_number: Code
    lines: list[ManualLine] = Field(min_length=1, max_length=500)
    comment: Words = ""


def read_manual(entry: ManualResults, sender: str, operator: str) -> Message:
    """``sender`` and ``operator`` are who is logged in, never what the payload says."""
    lines = tuple(
        ResultLine(
            code=line.code,
            value=line.value,
            unit=line.unit,
            flags=tuple(line.flags),
            status=LineStatus(line.status),
            observed_at=line.observed_at,
            analyzer=line.analyzer,
            operator=operator,
            set_id=str(place),
            comments=(line.comment,) if line.comment else (),
        )
        for place, line in enumerate(entry.lines, start=1)
    )
    comments = (entry.comment,) if entry.comment else ()
    return Message(
        protocol="json",
        kind="manual",
        message_id=entry.entry_id,
        sender=sender,
        groups=(SpecimenGroup(entry.specimen_number, lines, comments=comments),),
        raw=entry.model_dump_json().encode(),
    )
