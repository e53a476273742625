"""The short way of images that only add to an exam which the same sender is sending now.

``Arriving`` remembers what the last whole ``accept_images`` of an exam said. An upload that says the same of patient,
study and number needs none of its questions again; that the case still stands open for it the database decides, under
the same lock. Anything else, and one upload in two seconds so that others hear of the case's growth, goes the long way.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from services.imaging.intake.early_pack import EarlyPack, pack_of
from services.imaging.intake.sorting import Image
from services.imaging.models import CONTENT_KIND
from services.imaging.queries import arrivals, instances
from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.reading.models import Case
from shared.reading.workflow.arrival import Arrival, Content
from shared.reading.workflow.arriving import grow, is_arriving
from shared.reading.workflow.card import card_of
from shared.resources import Resources
from shared.web.upload import Spool

_TELL_EVERY_S = 2.0
_EXAMS = 1000


@dataclass(slots=True)
class _Exam:
    """``series``: the keys of its series, as far as they were needed."""

    case_id: str
    said: Arrival
    told_at: float
    series: dict[tuple[str, str], int] = field(default_factory=dict)


class _Otherwise(Exception):
    """The case does not stand as it was remembered: nothing of the transaction may stay."""


class Arriving:
    """The exams that come through this process now, the latest thousand."""

    def __init__(self) -> None:
        self._exams: OrderedDict[tuple[str, str, str], _Exam] = OrderedDict()

    def remember(self, case: Case, arrival: Arrival) -> None:
        """After the long way. What it led to need not be open for more, then it is forgotten."""
        key = _key(case.clinic_id, arrival)
        self.forget(case.clinic_id, arrival)
        if is_arriving(case):
            self._exams[key] = _Exam(case.case_id, _said(arrival), time.monotonic())
            while len(self._exams) > _EXAMS:
                self._exams.popitem(last=False)

    def forget(self, clinic_id: str, arrival: Arrival) -> None:
        self._exams.pop(_key(clinic_id, arrival), None)

    def find(self, clinic_id: str, arrival: Arrival) -> _Exam | None:
        exam = self._exams.get(_key(clinic_id, arrival))
        if exam is None or exam.said != _said(arrival) or time.monotonic() - exam.told_at > _TELL_EVERY_S:
            return None
        return exam


@dataclass(frozen=True, slots=True)
class Addition:
    """Images of one study and patient, none of them sent before; ``arrival`` is without contents."""

    actor: Actor
    address: str
    images: Sequence[Image]
    arrival: Arrival
    pack: EarlyPack | None = None


async def add_to_arriving(resources: Resources, arriving: Arriving, addition: Addition, spool: Spool) -> bool:
    """Durable when it returns True; nothing was kept when it returns False, which only means: the long way."""
    exam = arriving.find(addition.actor.org_id, addition.arrival)
    if exam is None or len(addition.images) > instances.BATCH:
        return False
    images = addition.images
    if not await _knows_series(resources, exam, addition):
        return False
    refs = await pack_of(resources.blobs, images, spool, addition.pack)
    headers = await asyncio.to_thread(lambda: [image.read_header(spool) for image in images])
    rows = [(image.facts, header, ref) for image, header, ref in zip(images, headers, refs, strict=True)]
    try:
        async with resources.db.transaction() as session:
            await _write(session, exam, addition, rows)
    except _Otherwise:
        for key in {ref.key for ref in refs}:
            await resources.blobs.delete(key)
        arriving.forget(addition.actor.org_id, addition.arrival)
        return False
    return True


async def _write(session: Session, exam: _Exam, addition: Addition, rows: Sequence[instances.NewRow]) -> None:
    actor, arrival = addition.actor, addition.arrival
    await instances.lock_studies(session, actor.org_id, arrival.study_uids)
    added = await instances.add(session, actor.org_id, rows, exam.series)
    if len(added) < len(rows):
        raise _Otherwise
    contents = [Content(facts.data_set_sha256, added[facts.sop_instance_uid], CONTENT_KIND) for facts, _, _ in rows]
    if not await grow(session, actor, exam.case_id, card_of(arrival).patient.id, contents):
        raise _Otherwise
    detail = {"outcome": "added", "instances": len(rows)}
    await audit.record(session, actor, "case.upload", "case", exam.case_id, address=addition.address, detail=detail)


async def _knows_series(resources: Resources, exam: _Exam, addition: Addition) -> bool:
    """A series that is new is put by the long way."""
    wanted = {(image.facts.study_uid, image.facts.series_uid) for image in addition.images}
    if not wanted <= exam.series.keys():
        async with resources.db.look_up() as session:
            exam.series = await arrivals.series_of(session, addition.actor.org_id, addition.arrival.study_uids[0])
    return wanted <= exam.series.keys()


def _key(clinic_id: str, arrival: Arrival) -> tuple[str, str, str]:
    return clinic_id, arrival.study_uids[0], arrival.patient_from_file.id or ""


def _said(arrival: Arrival) -> Arrival:
    return replace(arrival, contents=(), first_byte_at=datetime.min.replace(tzinfo=UTC))
