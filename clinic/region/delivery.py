"""Which way a parcel takes."""

import time

from clinic.region.client import RegionClient
from clinic.region.one_request import OneRequest
from clinic.region.resumable import NotOffered, Resumable
from clinic.region.transport import Parcel, Progress

_ASK_AGAIN_S = 3600.0


class Delivery:
    """Resumable where it is worth it and offered; a region without it is asked again after an hour."""

    def __init__(self, client: RegionClient, resumable_from_bytes: int) -> None:
        self._one_request = OneRequest(client)
        self._resumable = Resumable(client)
        self._resumable_from_bytes = resumable_from_bytes
        self._not_offered_until = 0.0

    def deliver(self, parcel: Parcel, progress: Progress) -> str:
        is_large = parcel.size_bytes >= self._resumable_from_bytes and len(parcel.files) == 1
        if is_large and parcel.center == "imaging" and time.monotonic() >= self._not_offered_until:
            try:
                return self._resumable.deliver(parcel, progress)
            except NotOffered:
                self._not_offered_until = time.monotonic() + _ASK_AGAIN_S
        return self._one_request.deliver(parcel, progress)
