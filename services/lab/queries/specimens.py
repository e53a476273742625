"""Specimens: by number, of a case, of a laboratory; each step they took."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from services.lab.models import LabOrder, Specimen, SpecimenStep
from shared.auth import Actor
from shared.db import Session, at_most
from shared.errors import NotFound
from shared.ids import new_id
from shared.reading.models import Case
from shared.reading.queries.cases import visible_to
from shared.reading.queries.intake import take_locks


def add(
    session: Session, case: Case, *, number: str, order_id: str | None, type_: str, tube: str | None, group: str
) -> Specimen:
    specimen = Specimen(
        specimen_id=new_id("spm"),
        number=number,
        laboratory_id=case.reading_site_id or "",
        clinic_id=case.clinic_id,
        case_id=case.case_id,
        order_id=order_id,
        type=type_,
        tube=tube,
        group=group,
        state="ordered",
    )
    session.add(specimen)
    return specimen


async def is_taken(session: Session, laboratory_id: str, number: str) -> bool:
    """Held until the transaction ends: nobody else may give the number meanwhile."""
    await take_locks(session, [f"specimen/{laboratory_id}/{number}"])
    statement = select(Specimen.specimen_id).where(Specimen.laboratory_id == laboratory_id, Specimen.number == number)
    return (await session.scalars(statement)).one_or_none() is not None


async def see(session: Session, actor: Actor, number: str) -> Specimen:
    """Raises NotFound for a number that is not there or not the actor's. Of two laboratories' equal numbers the
    clinic's newest."""
    statement = select(Specimen).join(Case, Case.case_id == Specimen.case_id)
    found = await session.scalars(
        statement.where(Specimen.number == number, visible_to(actor)).order_by(Specimen.specimen_id.desc()).limit(1)
    )
    specimen = found.one_or_none()
    if specimen is None:
        raise NotFound
    return specimen


async def lock(session: Session, specimen_id: str) -> Specimen:
    statement = select(Specimen).where(Specimen.specimen_id == specimen_id).with_for_update()
    return (await session.execute(statement, execution_options={"populate_existing": True})).scalar_one()


async def of_cases(session: Session, case_ids: Sequence[str]) -> list[Specimen]:
    statement = select(Specimen).where(Specimen.case_id.in_(case_ids))
    return list(await session.scalars(statement.order_by(Specimen.specimen_id)))


async def known(session: Session, laboratory_id: str, number: str) -> Specimen | None:
    """By its barcode, within the laboratory whose analyzer read it."""
    statement = select(Specimen).where(Specimen.laboratory_id == laboratory_id, Specimen.number == number)
    return (await session.scalars(statement)).one_or_none()


async def by_accession(session: Session, laboratory_id: str, accession_number: str) -> list[Specimen]:
    """Of every case the laboratory works on under the number, or under its order's; rejected cases have given theirs
    away."""
    statement = (
        select(Specimen)
        .join(Case, Case.case_id == Specimen.case_id)
        .outerjoin(LabOrder, LabOrder.order_id == Specimen.order_id)
        .where(
            Case.reading_site_id == laboratory_id,
            or_(Case.accession_number == accession_number, LabOrder.accession_number == accession_number),
            Case.center == "lab",
            Case.state != "rejected",
        )
        .order_by(Specimen.specimen_id)
        .limit(at_most(20))
    )
    return list(await session.scalars(statement))


async def page(
    session: Session, actor: Actor, *, state: str | None, limit: int, after: str | None
) -> list[tuple[Specimen, Case]]:
    """The newest first."""
    statement = select(Specimen, Case).join(Case, Case.case_id == Specimen.case_id).where(visible_to(actor))
    if state is not None:
        statement = statement.where(Specimen.state == state)
    if after is not None:
        statement = statement.where(Specimen.specimen_id < after)
    rows = await session.execute(statement.order_by(Specimen.specimen_id.desc()).limit(at_most(limit)))
    return [(specimen, case) for specimen, case in rows]


async def waiting_for(session: Session, laboratory_id: str, limit: int) -> list[Specimen]:
    """Tubes at the laboratory that have not been measured, the oldest first."""
    statement = (
        select(Specimen)
        .where(Specimen.laboratory_id == laboratory_id, Specimen.state.in_(("received", "in_analysis")))
        .order_by(Specimen.received_at, Specimen.specimen_id)
        .limit(at_most(limit))
    )
    return list(await session.scalars(statement))


async def steps_of(session: Session, specimen_id: str) -> list[SpecimenStep]:
    statement = select(SpecimenStep).where(SpecimenStep.specimen_id == specimen_id)
    return list(await session.scalars(statement.order_by(SpecimenStep.id)))


def trace(
    session: Session,
    actor: Actor,
    specimen: Specimen,
    step: str,
    at: datetime,
    *,
    from_state: str | None,
    place: str | None = None,
    box: str | None = None,
    temperature_c: float | None = None,
    reason: str | None = None,
    comment: str | None = None,
) -> None:
    session.add(
        SpecimenStep(
            specimen_id=specimen.specimen_id,
            step=step,
            from_state=from_state,
            account_id=actor.account_id,
            account_name=actor.name,
            org_id=actor.org_id,
            at=at,
            place=place,
            box=box,
            temperature_c=temperature_c,
            reason=reason,
            comment=comment,
        )
    )
