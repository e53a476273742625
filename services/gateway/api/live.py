"""``GET /v1/worklist/events``, ``/v1/criticals/events``: server-sent events (WHATWG HTML §9.2).

Resumed exactly by Last-Event-ID.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.gateway.api.open_waits import OpenWaits
from services.gateway.api.pulse import Follower, Pulse
from services.gateway.api.rights import require_reading, require_reports
from services.gateway.api.shapes import iso
from services.gateway.models.feed import LiveEvent
from services.gateway.queries import feed
from shared.auth import Actor
from shared.directory import require_current
from shared.errors import GongzhenError
from shared.resources import Resources
from shared.web import CurrentActor, CurrentResources

router = APIRouter(tags=["worklist"])

_HEARTBEAT_S = 15.0
_LONGEST_S = 600.0
"""As long as a token: the browser then comes again by itself, with its last id and a fresh token."""
_CATCH_UP = 2000
_CRITICAL = frozenset({"critical"})


@router.get(
    "/v1/worklist/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "one event a change of the worklist"}},
)
async def follow_worklist(
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """``event: <kind>``, ``data: {case_id, center, kind, state, priority, due_at, at}``: no patient data.

    ``event: reset`` means that what happened since Last-Event-ID is not kept any more: read the worklist again.
    """
    require_reading(actor)
    return _held_stream(request, resources, actor, last_event_id, frozenset())


@router.get(
    "/v1/criticals/events",
    response_class=StreamingResponse,
    tags=["criticals"],
    responses={200: {"content": {"text/event-stream": {}}, "description": "one event a step of a critical result"}},
)
async def follow_criticals(
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """``event: critical``, ``data: {critical_id, step, state, case_id, center, due_at, …}``: for the clinic and the
    reading site it concerns. No patient data; steps of one moment may come in any order. Resumed and reset as
    ``/v1/worklist/events``."""
    require_reports(actor)
    return _held_stream(request, resources, actor, last_event_id, _CRITICAL)


def _held_stream(
    request: Request, resources: Resources, actor: Actor, last_event_id: str | None, kinds: frozenset[str]
) -> StreamingResponse:
    pulse: Pulse = request.app.state.pulse
    open_streams: OpenWaits = request.app.state.open_streams
    return _HeldStream(_stream(resources, pulse, actor, last_event_id, kinds), open_streams, actor)


class _HeldStream(StreamingResponse):
    """One of the account's places, taken before the first byte and given back however the stream ends."""

    def __init__(self, content: AsyncIterator[str], places: OpenWaits, actor: Actor) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, media_type="text/event-stream", headers=headers)
        self._places = places
        self._account_id = actor.account_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._places.hold(self._account_id):
            await super().__call__(scope, receive, send)


async def _stream(
    resources: Resources, pulse: Pulse, actor: Actor, last_event_id: str | None, kinds: frozenset[str]
) -> AsyncIterator[str]:
    ends_at = asyncio.get_running_loop().time() + _LONGEST_S
    async with pulse.follow(actor, kinds) as (follower, position):
        yield f"retry: 2000\nid: {pulse.live_epoch}-{position}\n\n" if last_event_id is None else "retry: 2000\n\n"
        if last_event_id is not None:
            async for text in _catch_up(resources, pulse, follower, last_event_id, position):
                yield text
        while (left_s := ends_at - asyncio.get_running_loop().time()) > 0:
            try:
                event = await asyncio.wait_for(follower.queue.get(), min(_HEARTBEAT_S, left_s))
            except TimeoutError:
                if not await _is_still_allowed(resources, actor):
                    return
                yield ": still here\n\n"
                continue
            if event is None:
                return
            yield _text(pulse.live_epoch, event)


async def _catch_up(
    resources: Resources, pulse: Pulse, follower: Follower, last_event_id: str, position: int
) -> AsyncIterator[str]:
    """What came behind the last id and up to ``position``, from where the follower hands over by itself."""
    epoch, _, number = last_event_id.rpartition("-")
    last = int(number) if number.isascii() and number.isdigit() else -1
    async with resources.db.transaction() as session:
        oldest = await feed.oldest_live(session)
        is_kept = (
            epoch == pulse.live_epoch
            and 0 <= last <= position
            and (last == position or (oldest is not None and last + 1 >= oldest))
        )
        missed = (
            await feed.live_between(session, last, position, org_id=follower.org_id, limit=_CATCH_UP + 1)
            if is_kept
            else []
        )
    if not is_kept or len(missed) > _CATCH_UP:
        yield f"id: {pulse.live_epoch}-{position}\nevent: reset\ndata: {{}}\n\n"
        return
    for event in missed:
        if follower.sees(event):
            yield _text(pulse.live_epoch, event)


async def _is_still_allowed(resources: Resources, actor: Actor) -> bool:
    """An account that was closed meanwhile loses its stream at the next heartbeat."""
    try:
        async with resources.db.transaction() as session:
            await require_current(session, actor)
    except GongzhenError:
        return False
    return True


def _text(epoch: str, event: LiveEvent) -> str:
    data = {
        "case_id": event.case_id,
        "center": event.center,
        "kind": event.kind,
        "state": event.state,
        "priority": event.priority,
        "due_at": iso(event.due_at) if event.due_at else None,
        "at": iso(event.at),
    }
    if event.critical_id is not None:
        data |= {"critical_id": event.critical_id, "step": event.step}
    return f"id: {epoch}-{event.live_seq}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"
