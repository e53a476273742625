"""WADO-RS of whole instances (PS3.18 10.4): a study, a series, one instance, as stored or in Explicit VR; as parts, as
one file, as a ZIP."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.dicomweb.media_types import (
    AS_STORED,
    DICOM,
    EXPLICIT_LITTLE,
    MediaRange,
    accepted,
    not_acceptable,
)
from services.imaging.dicomweb.multipart import LatePart, Part, multipart_answer, part_of, ready, single_answer
from services.imaging.dicomweb.pixels.job import RewriteFile, Undecodable
from services.imaging.dicomweb.retrieve.zip_answer import ZIP, Entry, EntryNames, safe, zip_answer
from services.imaging.dicomweb.syntaxes import is_decodable
from services.imaging.queries import studies
from services.imaging.queries.coercions import Coercion, coercions
from services.imaging.queries.studies import SeenStudy, StoredInstance
from shared.sandbox import SandboxFailed

_MOST_REWRITTEN_BYTES = 256 << 20


def retrieve_router() -> APIRouter:
    router = APIRouter(prefix="/studies/{study_uid}", tags=["dicomweb"])

    @router.get("", summary="Retrieve a study")
    async def retrieve_study(study_uid: str, call: CurrentCall) -> Response:
        return await _retrieve(call, study_uid, None, None)

    @router.get("/series/{series_uid}", summary="Retrieve a series")
    async def retrieve_series(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _retrieve(call, study_uid, series_uid, None)

    @router.get("/series/{series_uid}/instances/{sop_instance_uid}", summary="Retrieve an instance")
    async def retrieve_instance(study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall) -> Response:
        return await _retrieve(call, study_uid, series_uid, sop_instance_uid)

    return router


async def _retrieve(call: Call, study_uid: str, series_uid: str | None, sop_instance_uid: str | None) -> Response:
    ranges = [each for each in accepted(call.request) if each.kind == ZIP or each.takes(DICOM)]
    if not ranges:
        raise not_acceptable([f'multipart/related; type="{DICOM}"', ZIP])
    is_zip = ranges[0].kind == ZIP
    ranges = [each for each in ranges if (each.kind == ZIP) == is_zip]
    async with call.resources.db.transaction() as session:
        study = await call.see(session, study_uid, "study.retrieve")
        found = await studies.stored(session, study, series_uid, sop_instance_uid)
        coerced = await coercions(session, study, series_uid, sop_instance_uid)
    parts: list[tuple[StoredInstance, Part | LatePart]] = []
    for each in found:
        words = coerced.get((each.series_uid, each.sop_instance_uid))
        part = _Instance(call, study, each, words).part(ranges, alone=len(found) == 1)
        if part is not None:
            parts.append((each, part))
    if not parts:
        raise not_acceptable(sorted({f"{DICOM}; transfer-syntax={each.transfer_syntax_uid}" for each in found}))
    status = 200 if len(parts) == len(found) else 206
    if is_zip:
        names = EntryNames()
        entries = [
            Entry(names.name(each.series_uid, each.sop_instance_uid), each.received_at, part) for each, part in parts
        ]
        return await zip_answer(entries, f"{safe(study_uid)}.zip", status=status)
    if sop_instance_uid is not None and ranges[0].kind == DICOM:
        return await single_answer(await ready(parts[0][1]))
    return await multipart_answer([part for _, part in parts], DICOM, status=status)


@dataclass(frozen=True, slots=True)
class _Instance:
    """One stored instance on its way out. ``coercion``: what an order says in its place, which every copy but that of
    ``transfer-syntax=*`` carries."""

    call: Call
    study: SeenStudy
    stored: StoredInstance
    coercion: Coercion | None

    def part(self, ranges: Sequence[MediaRange], *, alone: bool) -> Part | LatePart | None:
        """In the first transfer syntax that the client takes; None when it takes none there is.

        Whoever names none means Explicit VR Little Endian (PS3.18 8.7.3.1), and gets what is stored where there is no
        way to that: a film in an unexpected syntax is of more use than none.
        """
        own = self.stored.transfer_syntax_uid
        for syntax in (each.transfer_syntax for each in ranges):
            if syntax == AS_STORED:
                return self._as_stored()
            if syntax == own or (own == EXPLICIT_LITTLE and syntax is None):
                return self._in_own_syntax()
            if syntax in (None, EXPLICIT_LITTLE) and is_decodable(own) and self._is_small:
                return self._rewritten(may_differ=syntax is None or not alone)
            if syntax is None:
                return self._in_own_syntax()
        return None

    @property
    def _is_small(self) -> bool:
        return self.stored.size_bytes <= _MOST_REWRITTEN_BYTES

    @property
    def _location(self) -> str:
        return self.call.links.instance(self.study.study_uid, self.stored.series_uid, self.stored.sop_instance_uid)

    def _as_stored(self) -> Part:
        def chunks() -> AsyncIterator[bytes]:
            return self.call.resources.blobs.stream(self.stored.ref)

        return Part(_type(self.stored.transfer_syntax_uid), self._location, chunks, self.stored.ref.length)

    def _in_own_syntax(self) -> Part | LatePart:
        if self.coercion is None or not self._is_small:
            return self._as_stored()
        return self._rewritten(may_differ=True, as_it_is=True)

    def _rewritten(self, *, may_differ: bool, as_it_is: bool = False) -> LatePart:
        """Made when its turn comes, one at a time; what proves damaged is sent as stored where it ``may_differ``."""

        async def job() -> RewriteFile:
            data = await self.call.resources.blobs.read(self.stored.ref)
            words, charset = (self.coercion.words, self.coercion.charset_assumed) if self.coercion else (None, None)
            return RewriteFile(data, words, charset, as_it_is)

        async def rewrite() -> Part:
            try:
                written = await self.call.desk.pixels.when_free(job)
            except (SandboxFailed, Undecodable):
                if may_differ:
                    return self._as_stored()
                raise not_acceptable([_type(self.stored.transfer_syntax_uid)]) from None
            syntax = self.stored.transfer_syntax_uid if as_it_is else EXPLICIT_LITTLE
            return part_of(_type(syntax), self._location, written)

        return rewrite


def _type(transfer_syntax_uid: str) -> str:
    return f"{DICOM}; transfer-syntax={transfer_syntax_uid}"
