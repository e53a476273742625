"""Who reads which study, and that it is written down: one audit row for an actor, a study and five minutes."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from services.imaging.dicomweb.links import Links
from services.imaging.dicomweb.retrieve.metadata_cache import MetadataCache
from services.imaging.queries import studies
from services.imaging.queries.studies import SeenStudy
from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.resources import Resources
from shared.sandbox import Sandbox
from shared.web import CurrentActor, CurrentResources, client_address

_FOR_S = 300.0
_MOST = 10_000


class RecentReads:
    """Spares the database the question for each of a thousand images; another process asks for itself."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str, int], float] = OrderedDict()  # until when, in seconds of monotonic()

    def is_known(self, key: tuple[str, str, int]) -> bool:
        return time.monotonic() < self._seen.get(key, float("-inf"))

    def add(self, key: tuple[str, str, int], written_at: float) -> None:
        """Only of a row that stands already: that of a transaction under way may yet be rolled back."""
        self._seen[key] = written_at + _FOR_S
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)


@dataclass(slots=True)
class Desk:
    """What all retrievals of one process share; ``pixels`` answers jobs of services/imaging/dicomweb/pixels."""

    pixels: "Sandbox[object, bytes]"
    metadata: MetadataCache = field(default_factory=MetadataCache)
    reads: RecentReads = field(default_factory=RecentReads)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, for what, with what to answer."""

    request: Request
    actor: Actor
    resources: Resources
    desk: Desk

    @property
    def links(self) -> Links:
        return Links.of(self.request, self.resources.settings.public_url)

    async def see(self, session: Session, study_uid: str, action: str) -> SeenStudy:
        """The study as the actor may see it, its reading written down. Raises NotFound."""
        study = await studies.see(session, self.actor, study_uid)
        await self.record(session, action, study.study_pk)
        return study

    async def note(self, action: str, study_pk: int) -> None:
        """``record`` outside of any transaction: one is begun only for what this process does not know to be written
        down. Nothing may be answered before."""
        if not self.desk.reads.is_known((self.actor.account_id, action, study_pk)):
            async with self.resources.db.transaction() as session:
                await self.record(session, action, study_pk)

    async def record(self, session: Session, action: str, study_pk: int) -> None:
        key = (self.actor.account_id, action, study_pk)
        if self.desk.reads.is_known(key):
            return
        record_id = str(study_pk)
        asked_at = time.monotonic()
        age_s = await audit.seconds_since(session, self.actor, action, "study", record_id)
        if age_s is not None:
            self.desk.reads.add(key, asked_at - age_s)
        else:
            address = client_address(self.request)
            await audit.record(session, self.actor, action, "study", record_id, address=address)


async def current_call(request: Request, actor: CurrentActor, resources: CurrentResources) -> Call:
    return Call(request, actor, resources, cast(Desk, request.app.state.dicomweb))


CurrentCall = Annotated[Call, Depends(current_call)]
