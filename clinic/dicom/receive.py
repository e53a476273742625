"""C-STORE (PS3.4 Annex B): success is said only when the instance would survive a power cut."""

import hashlib
import logging
from collections.abc import Iterable
from typing import Any

from pynetdicom.dsutils import encode_file_meta
from pynetdicom.events import Event

from clinic.config import Config
from clinic.dicom.header import center_of, group_key_of, read_facts
from clinic.dicom.peers import Peers
from clinic.spool import items
from clinic.spool.items import NewItem
from clinic.spool.spool import Spool, SpoolFull
from shared.ids import new_id
from shared.telemetry import fields

logger = logging.getLogger(__name__)
# PS3.4 Table B.2-1, PS3.7 Annex C
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
NOT_AUTHORIZED = 0x0124
_GROUPS = "gongzhen_groups"


class Receiver:
    def __init__(self, config: Config, spool: Spool, peers: Peers) -> None:
        self._config = config
        self._spool = spool
        self._peers = peers

    def store(self, event: Event) -> int:
        peer = self._peers.of(event)
        if peer is None:
            return NOT_AUTHORIZED
        request: Any = event.request
        data: memoryview = request.DataSet.getbuffer()
        try:
            self._spool.require_room(len(data))
            return self._keep(event, peer.ae_title, peer.priority, data)
        except SpoolFull:
            logger.warning("instance refused: the disk is full", extra=fields(size_bytes=len(data)))
            return OUT_OF_RESOURCES
        finally:
            data.release()

    def _keep(self, event: Event, source: str, priority: str, data: memoryview) -> int:
        digest = hashlib.sha256(data).hexdigest()
        if items.known(self._spool.database, "imaging", digest) or items.known(self._spool.database, "ecg", digest):
            return SUCCESS  # our answer was lost, or somebody pressed the button twice
        item_id = new_id("itm")
        written = self._spool.write(f"{item_id}.dcm", _file_of(event, data))
        facts = read_facts(written.path)
        new = NewItem(
            item_id=item_id,
            center=center_of(facts),
            group_key=group_key_of(facts, item_id),
            digest=digest,
            file=written.path.name,
            name=written.path.name,
            size_bytes=written.size_bytes,
            facts=facts,
            source=source,
            priority=priority,
        )
        self._spool.take([new], quiet_s=self._config.sending.quiet_s)
        event.assoc.__dict__.setdefault(_GROUPS, set()).add(new.group_key)
        return SUCCESS

    def association_over(self, event: Event) -> None:
        """Released or lost: what it brought waits only a little for the next association of the same study, since some
        machines open one for each image."""
        groups = event.assoc.__dict__.pop(_GROUPS, None)
        if groups:
            seal_at = self._spool.now() + self._config.sending.association_quiet_s
            items.end_of_association(self._spool.database, sorted(groups), seal_at)
            self._spool.wake()


def _file_of(event: Event, data: memoryview) -> Iterable[bytes | memoryview]:
    """PS3.10 7.1; the data set as it came, byte for byte."""
    yield b"\0" * 128 + b"DICM" + encode_file_meta(event.file_meta)
    yield data
