"""/v1/admin/dead-letters: events that a consumer gave up. What they say of patients is never shown here."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from services.gateway.accounts.context import CurrentAccounts
from services.gateway.api.admin.access import Administrator, Limit, keep_record
from shared.bus import DeadLetter
from shared.events.envelope import Envelope
from shared.events.part import Part
from shared.web import CurrentResources

router = APIRouter(prefix="/dead-letters", tags=["管理：死信"])

_LARGEST = 2**53
Sequence = Annotated[int, Path(ge=1, le=_LARGEST)]


class DeadLetterItem(Part):
    sequence: int
    service: str
    durable: str
    stream: str
    subject: str
    message_id: str
    error_class: str
    error: str
    attempts: int
    failed_at: datetime


class DeadEvent(Part):
    """The envelope without its data; None of it where the message is no envelope at all."""

    id: str
    type: str
    time: datetime
    case_id: str | None = None
    case_version: int | None = None
    correlation_id: str = ""


class DeadLetterDetail(DeadLetterItem):
    size_bytes: int
    event: DeadEvent | None = None


class DeadLetterList(Part):
    items: list[DeadLetterItem]
    next_cursor: int | None = None


class Replayed(Part):
    message_id: str


@router.get("", summary="死信列表", response_model_exclude_none=True)
async def list_dead_letters(
    actor: Administrator,
    request: Request,
    context: CurrentAccounts,
    resources: CurrentResources,
    service: Annotated[str | None, Query(max_length=32)] = None,
    limit: Limit = 50,
    cursor: Annotated[int | None, Query(ge=0, le=_LARGEST)] = None,
) -> DeadLetterList:
    page = await resources.bus.list_dead(limit=limit, cursor=cursor, service=service)
    await _keep(actor, request, context, "dead_letter.list")
    return DeadLetterList(
        items=[DeadLetterItem.model_validate(_facts_of(letter)) for letter in page.items],
        next_cursor=page.next_cursor,
    )


@router.get("/{sequence}", summary="死信", response_model_exclude_none=True)
async def show_dead_letter(
    sequence: Sequence, actor: Administrator, request: Request, context: CurrentAccounts, resources: CurrentResources
) -> DeadLetterDetail:
    letter = await resources.bus.read_dead(sequence)
    await _keep(actor, request, context, "dead_letter.read", sequence)
    return DeadLetterDetail.model_validate(
        {**_facts_of(letter), "size_bytes": len(letter.data), "event": _event_of(letter)}
    )


@router.post("/{sequence}/replay", summary="重新投递给放弃它的消费者")
async def replay_dead_letter(
    sequence: Sequence, actor: Administrator, request: Request, context: CurrentAccounts, resources: CurrentResources
) -> Replayed:
    message_id = await resources.bus.replay_dead(sequence)
    await _keep(actor, request, context, "dead_letter.replay", sequence)
    return Replayed(message_id=message_id)


async def _keep(
    actor: Administrator, request: Request, context: CurrentAccounts, action: str, sequence: int | None = None
) -> None:
    async with context.db.transaction() as session:
        record_id = "*" if sequence is None else str(sequence)
        await keep_record(session, actor, request, action, "dead_letter", record_id)


def _facts_of(letter: DeadLetter) -> dict[str, object]:
    return {name: getattr(letter, name) for name in DeadLetterItem.model_fields}


def _event_of(letter: DeadLetter) -> dict[str, object] | None:
    try:
        envelope = Envelope.from_bytes(letter.data)
    except ValueError:
        return None
    return {name: getattr(envelope, name) for name in DeadEvent.model_fields}
