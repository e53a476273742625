"""Tells the region of which files the compressed ones were made."""

import logging
from collections.abc import Sequence
from dataclasses import asdict

from clinic.region.client import RegionClient
from clinic.region.outcomes import Refused
from clinic.spool.compressed import Original
from shared.telemetry import fields

logger = logging.getLogger(__name__)
_AT_ONCE = 1000


def tell_originals(client: RegionClient, originals: Sequence[Original]) -> None:
    """After their upload; said again, it is the same. The images have arrived: what the region does not want to know
    of them must not stand in their way.

    Raises RegionAway.
    """
    for start in range(0, len(originals), _AT_ONCE):
        body = {"originals": [asdict(each) for each in originals[start : start + _AT_ONCE]]}
        try:
            client.ask("POST", "/imaging/v1/originals", json=body)
        except Refused as refusal:
            logger.warning("originals refused", extra=fields(code=refusal.code, status=refusal.status))
            return
