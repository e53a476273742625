"""Parts of a STOW request that are stored and in a case already: machines send again what they are unsure of.

Such a part is told by its UIDs and the digest of its data set; the rest of it is not read, and nothing is written.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from services.imaging.dicomweb.store.sort import is_dicom
from services.imaging.parse.digest import digest_data_set
from services.imaging.parse.identity import Identity
from services.imaging.parse.uids import read_uids
from services.imaging.queries import arrivals
from shared.resources import Resources
from shared.web.related import ReceivedPart
from shared.web.upload import Spool


@dataclass(frozen=True, slots=True)
class KnownParts:
    """``stored``: what these parts are. ``others``: the parts that must be read. ``are_new``: no other part bears the
    UID of an instance the clinic has sent before."""

    stored: tuple[Identity, ...]
    others: tuple[ReceivedPart, ...]
    are_new: bool


@dataclass(frozen=True, slots=True)
class _Named:
    part: ReceivedPart
    uids: Identity
    data_set_offset: int


async def known_parts(
    resources: Resources,
    clinic_id: str,
    parts: Sequence[ReceivedPart],
    spool: Spool,
    sorters: Executor,
    study_uid: str | None,
) -> KnownParts:
    """``study_uid``: the only study that is taken, where the request names one."""
    loop = asyncio.get_running_loop()
    named = await loop.run_in_executor(sorters, _named, parts, spool, study_uid)
    async with resources.db.look_up() as session:
        sent = await arrivals.sent(session, clinic_id, [each.uids.sop_instance for each in named])
    candidates = [each for each in named if each.uids.sop_instance in sent]
    if not candidates:
        return KnownParts((), tuple(parts), are_new=True)
    digests = await loop.run_in_executor(sorters, _digests, candidates, spool)
    stored = {
        each.part.number: each.uids
        for each, digest in zip(candidates, digests, strict=True)
        if (held := sent[each.uids.sop_instance]).is_in_case and held.data_set_sha256 == digest
    }
    others = tuple(part for part in parts if part.number not in stored)
    return KnownParts(tuple(dict.fromkeys(stored.values())), others, are_new=len(stored) == len(candidates))


def _named(parts: Sequence[ReceivedPart], spool: Spool, study_uid: str | None) -> list[_Named]:
    named = []
    for part in parts:
        if not is_dicom(part):
            continue
        found = read_uids(spool.view(part.offset, part.length), part.length)
        if found is not None and study_uid in (None, found[0].study):
            named.append(_Named(part, *found))
    return named


def _digests(named: Sequence[_Named], spool: Spool) -> list[str]:
    return [
        digest_data_set(spool.view(each.part.offset, each.part.length), each.data_set_offset, each.part.length)
        for each in named
    ]
