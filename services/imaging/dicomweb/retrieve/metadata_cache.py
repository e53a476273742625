"""Series metadata, compressed, as often as viewers ask for them: the least lately used go first."""

from collections import OrderedDict
from dataclasses import dataclass

_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Packed:
    """``body``: the JSON array under gzip. ``etag`` changes with the set of instances and with whom it is made for."""

    body: bytes
    etag: str


class MetadataCache:
    """By ETag: what it stands for can only be the same bytes."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[str, Packed] = OrderedDict()
        self._bytes = 0

    def get(self, etag: str) -> Packed | None:
        found = self._held.get(etag)
        if found is not None:
            self._held.move_to_end(etag)
        return found

    def put(self, packed: Packed) -> None:
        if packed.etag in self._held or len(packed.body) > self._most_bytes:
            return
        self._held[packed.etag] = packed
        self._bytes += len(packed.body)
        while self._bytes > self._most_bytes:
            _, dropped = self._held.popitem(last=False)
            self._bytes -= len(dropped.body)
