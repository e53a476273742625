"""Lists that a screen asks for every few seconds are audited once in five minutes an actor, as pixels are."""

import time
from collections import OrderedDict

from fastapi import Request

from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.web import client_address

_FOR_S = 300.0
_MOST = 10_000


class RecentReads:
    """Remembers within one process: another process writes a row of its own, never one too few."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_new(self, actor: Actor, action: str) -> bool:
        now, key = time.monotonic(), (actor.account_id, action)
        if now - self._seen.get(key, float("-inf")) < _FOR_S:
            return False
        self._seen[key] = now
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return True


async def record_list(session: Session, request: Request, actor: Actor, action: str) -> None:
    recent: RecentReads = request.app.state.recent_reads
    if recent.is_new(actor, action):
        await audit.record(session, actor, action, "organization", actor.org_id, address=client_address(request))
