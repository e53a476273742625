"""Analyzers on sockets: HL7 over MLLP, ASTM over TCP. What they send is stored and acknowledged here; a loop beside
them applies it, so that no analyzer waits for rules."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from services.lab.intake.answers import hl7_answers
from services.lab.intake.apply import apply_received
from services.lab.intake.asked import tubes_asked_for
from services.lab.intake.incoming import Arrived, Arriving, Source, receive
from services.lab.intake.read import Protocol
from services.lab.listeners.astm_tcp import AstmServer
from services.lab.listeners.batching import Answers, Received
from services.lab.listeners.mllp import MllpServer
from services.lab.parse.astm_answers import write_answers
from services.lab.queries import policies
from services.lab.settings import LabSettings
from shared import directory
from shared.db import Database, Session
from shared.errors import Unavailable
from shared.telemetry import fields, new_correlation_id
from shared.worker import Loop

logger = logging.getLogger(__name__)

_LOOKS_AGAIN_S = 1.0
_ACCOUNT = "listener"


@dataclass(slots=True)
class Desk:
    """``woken``: something was stored that is not applied yet."""

    db: Database
    settings: LabSettings
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_hl7(self, received: Sequence[Received]) -> list[Answers]:
        arrived, sources = await self._receive(Protocol.hl7, received)
        async with self.db.transaction() as session:
            return [
                await hl7_answers(session, source.laboratory_id, own, source.charset)
                for own, source in zip(arrived, sources, strict=True)
            ]

    async def take_astm(self, received: Sequence[Received]) -> list[Answers]:
        """What cannot be read is kept as well and acknowledged: the same bytes again would be no better."""
        arrived, sources = await self._receive(Protocol.astm, received)
        async with self.db.transaction() as session:
            return [await _astm_answers(session, own, source) for own, source in zip(arrived, sources, strict=True)]

    async def _receive(
        self, protocol: Protocol, received: Sequence[Received]
    ) -> tuple[list[list[Arrived]], list[Source]]:
        new_correlation_id()
        async with self.db.look_up() as session:
            laboratory_id = await self._laboratory(session)
            charsets: dict[str, str] = {}
            for host in {each.peer.host for each in received}:
                setting = await policies.setting_at(session, laboratory_id, host)
                charsets[host] = setting.charset if setting else self.settings.lab_charset
        sources = [
            Source(laboratory_id, _ACCOUNT, f"{protocol}^{each.peer.host}", each.peer.host, charsets[each.peer.host])
            for each in received
        ]
        arriving = [Arriving(protocol, each.raw, source) for each, source in zip(received, sources, strict=True)]
        arrived = await receive(self.db, arriving)
        self.woken.set()
        return arrived, sources

    async def _laboratory(self, session: Session) -> str:
        """As set, else the region's first. Raises Unavailable, so that the sender sends again, where there is none."""
        if self.settings.lab_laboratory:
            return self.settings.lab_laboratory
        sites = sorted(
            await directory.site_policies(session, "lab"), key=lambda site: (site.rank, site.reading_site_id)
        )
        if not sites:
            raise Unavailable("区域内还没有检验实验室", code="laboratory_unknown")
        return sites[0].reading_site_id

    async def apply_stored(self, stop: asyncio.Event) -> None:
        """What was stored, in its order; looks by itself as well, for what another process stored or left undone."""
        while not stop.is_set():
            self.woken.clear()
            new_correlation_id()
            if await apply_received(self.db):
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOKS_AGAIN_S):
                    await self.woken.wait()


def listener_loops(db: Database, settings: LabSettings) -> list[Loop]:
    """Those whose port is set, and the loop that applies what was stored."""
    desk = Desk(db, settings)
    loops = [Loop("lab-apply", desk.apply_stored)]
    host = settings.lab_listen_host
    if settings.lab_mllp_port:
        mllp = MllpServer(desk.take_hl7, host=host, port=settings.lab_mllp_port)
        loops.append(_serving("lab-mllp", mllp))
    if settings.lab_astm_port:
        astm = AstmServer(desk.take_astm, host=host, port=settings.lab_astm_port)
        loops.append(_serving("lab-astm", astm))
    return loops


def _serving(name: str, server: MllpServer | AstmServer) -> Loop:
    ready = asyncio.Event()

    async def run(stop: asyncio.Event) -> None:
        await server.start()
        ready.set()
        logger.info("a listener is open", extra=fields(loop=name))
        try:
            await stop.wait()
        finally:
            await server.stop()

    return Loop(name, run, ready)


async def _astm_answers(session: Session, arrived: Sequence[Arrived], source: Source) -> Answers:
    found = []
    for each in arrived:
        message = each.message
        if message is None:
            continue
        for query in message.queries:
            tubes = await tubes_asked_for(session, source.laboratory_id, message.sender, query)
            found.append(write_answers(message, query, tubes, charset=source.charset))
    return tuple(found)
