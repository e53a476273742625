"""A case whose results come with it: the order placed, the files stored as its messages, in one transaction."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.lab.intake.apply import apply_message
from services.lab.intake.incoming import Arrived, Arriving, Source, Verdict, read_one, store
from services.lab.intake.order import LabOrder
from services.lab.intake.orders import place
from services.lab.intake.read import MEDIA_TYPES, Protocol, protocol_of
from services.lab.parse.message import Message, RejectCode, Rejected
from services.lab.queries import messages
from services.lab.settings import settings_of
from shared import audit
from shared.auth import Role
from shared.db import Session
from shared.errors import Conflict, FieldProblem, Invalid
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.routes.intake import Sender
from shared.reading.schemas.sent_order import read_order
from shared.reading.workflow.arrival import Outcome
from shared.reading.workflow.quarantine import keep_refused
from shared.reading.workflow.refusals import Refusal, refusal_error
from shared.resources import Resources
from shared.telemetry import fields
from shared.web.upload import ReceivedFile, ReceivedForm, Spool

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 16 << 20
_OF_NO_KIND = frozenset({str(RejectCode.not_hl7), str(RejectCode.unsupported)})


@dataclass(frozen=True, slots=True)
class TakenIn:
    case: Case
    outcome: Outcome


async def take_in(resources: Resources, sender: Sender, form: ReceivedForm, spool: Spool) -> TakenIn:
    """Raises Invalid for the order, the files' common error where any is refused, and what placing an order raises."""
    sender.actor.require(Role.clinic)
    order = read_order(LabOrder, form.order)
    if not form.files:
        raise Invalid("没有文件", code="no_files", errors=[FieldProblem("files", "missing", "需要至少一个文件")])
    arriving, read_in = await _read(resources, sender, form.files, spool)
    async with resources.db.transaction() as session:
        case, outcome, told = await _keep(session, sender, order, arriving, read_in)
        await audit.record(
            session, sender.actor, "case.upload", "case", case.case_id, address=sender.address,
            detail={"outcome": str(outcome), "messages": len(told)},
        )  # fmt: skip
    for each in told:
        if each.verdict is Verdict.stored and each.message_id:
            await apply_message(resources.db, each.message_id)
    async with resources.db.transaction() as session:
        case = await cases.see(session, sender.actor, case.case_id)
    logger.info("upload accepted", extra=fields(case_id=case.case_id, action=str(outcome), count=len(told)))
    return TakenIn(case, outcome)


async def _read(
    resources: Resources, sender: Sender, files: Sequence[ReceivedFile], spool: Spool
) -> tuple[list[Arriving], list[list[Message]]]:
    """Every file, or none: refused ones are in quarantine when it raises."""
    settings = settings_of(resources)
    source = Source("", sender.actor.account_id, f"clinic^{sender.actor.org_id}", sender.address, settings.lab_charset)
    arriving: list[Arriving] = []
    found: list[list[Message]] = []
    refusals: list[Refusal] = []
    for file in files:
        if file.length > MAX_FILE_BYTES:
            refusals.append(Refusal(file.number, file.name, "too_large", "单个结果文件不得超过 16 MB"))
            continue
        raw = await asyncio.to_thread(spool.read_at, file.offset, file.length)
        each = Arriving(protocol_of("application/octet-stream", raw) or Protocol.hl7, raw, source)
        read = await read_one(each)
        if isinstance(read, Rejected):
            refusals.append(Refusal(file.number, file.name, str(read.code), read.detail))
        elif not any(message.groups for message in read):
            refusals.append(Refusal(file.number, file.name, str(RejectCode.nothing_in_it), "文件中没有结果"))
        else:
            arriving.append(each)
            found.append(read)
    if refusals:
        await keep_refused(resources, sender.actor, files, refusals, spool, address=sender.address)
        codes = {refusal.code for refusal in refusals}
        raise refusal_error(
            refusals,
            limits={"bytes": MAX_FILE_BYTES},
            supported=MEDIA_TYPES,
            is_of_no_kind=not found and codes <= _OF_NO_KIND,
        )
    return arriving, found


async def _keep(
    session: Session,
    sender: Sender,
    order: LabOrder,
    arriving: Sequence[Arriving],
    read_in: Sequence[list[Message]],
) -> tuple[Case, Outcome, list[Arrived]]:
    if order.accession_number is None and sender.idempotency_key is None:
        digests = [hashlib.sha256(each.raw).hexdigest() for each in arriving]
        known = await messages.case_with_bytes(session, sender.actor.org_id, order.patient.id, digests)
        if known is not None:
            return known, Outcome.same, []
    placed = await place(session, sender.actor, order, sender.idempotency_key)
    case = placed.cases[0].case
    own = [
        replace(
            each,
            source=replace(
                each.source,
                laboratory_id=case.reading_site_id or "",
                case_id=case.case_id,
                sender=f"{each.source.sender}^{case.case_id}",
            ),
        )
        for each in arriving
    ]
    told = [each for one in await store(session, own, list(read_in)) for each in one]
    if any(each.verdict is Verdict.conflict for each in told):
        raise Conflict("同一报文号已收到过内容不同的报文", code="message_id_reused", extra={"case_id": case.case_id})
    is_new = any(each.verdict is Verdict.stored for each in told)
    outcome = placed.outcome
    if outcome is Outcome.same and is_new:
        outcome = Outcome.added
    return case, outcome, told
