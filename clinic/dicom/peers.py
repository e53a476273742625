"""Which machines may speak to us: by AE title and address together. An AE title alone is no proof of anything."""

from collections.abc import Iterable
from typing import Any

from pynetdicom.events import Event

from clinic.config import Peer

_LOOPBACK = ("127.0.0.1", "::1")


class Peers:
    def __init__(self, peers: Iterable[Peer]) -> None:
        self._peers = {(peer.ae_title, peer.address): peer for peer in peers}
        self.ae_titles = sorted({title for title, _ in self._peers})

    def may_connect(self, address: str) -> bool:
        return address in _LOOPBACK or any(address == known for _, known in self._peers)

    def of(self, event: Event) -> Peer | None:
        """None: not one of ours. Without any configured machine, programs of this PC may speak."""
        requestor: Any = event.assoc.requestor
        title, address = str(requestor.ae_title).strip(), str(requestor.address)
        if not self._peers and address in _LOOPBACK:
            return Peer(ae_title=title, address=address)
        return self._peers.get((title, address))
