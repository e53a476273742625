"""Metadata (PS3.18 10.4.1.1.2) of a study, a series, an instance: DICOM JSON, compressed once, with an ETag."""

import asyncio
import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.dicomweb.json_answer import DICOM_JSON, require_json
from services.imaging.dicomweb.links import Links
from services.imaging.dicomweb.original_attributes import coerce_model
from services.imaging.dicomweb.retrieve.metadata_cache import Packed
from services.imaging.dicomweb.search.rows import Model, element, put_patient_id
from services.imaging.queries import studies, studies_shown
from services.imaging.queries.studies import HeaderRow, SeenStudy, SeriesState
from shared.auth import Role
from shared.web.encoding import takes_gzip

_LEVEL = 3  # of gzip: a third of the time of 6 for a tenth more bytes
_GZIP = 16 + zlib.MAX_WBITS
# Kept by the browser, asked about each time: an unchanged series is a 304.
_CACHE = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding, Authorization, Cookie"}


def metadata_router() -> APIRouter:
    router = APIRouter(prefix="/studies/{study_uid}", tags=["dicomweb"])

    @router.get("/metadata", summary="Metadata of a study")
    async def study_metadata(study_uid: str, call: CurrentCall) -> Response:
        return await _answer_series(call, study_uid, None)

    @router.get("/series/{series_uid}/metadata", summary="Metadata of a series")
    async def series_metadata(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        """To a reader these are the lists that show what came late."""
        return await _answer_series(call, study_uid, series_uid)

    @router.get("/series/{series_uid}/instances/{sop_instance_uid}/metadata", summary="Metadata of an instance")
    async def instance_metadata(study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall) -> Response:
        require_json(call.request)
        async with call.resources.db.transaction() as session:
            study = await call.see(session, study_uid, "study.metadata")
            await studies.stored(session, study, series_uid, sop_instance_uid)
            rows = await studies.headers(session, study, series_uid, sop_instance_uid)
        packed = await asyncio.to_thread(_packed, "", study, series_uid, rows, call.links)
        return Response(_unpacked(packed.body), media_type=DICOM_JSON)

    return router


async def _answer_series(call: Call, study_uid: str, series_uid: str | None) -> Response:
    require_json(call.request)
    async with call.resources.db.transaction() as session:
        study = await call.see(session, study_uid, "study.metadata")
        is_reader = call.actor.has(Role.reader, Role.reviewer)
        unseen = await studies_shown.unseen_cases(session, study) if is_reader else {}
        states = await studies.series_states(session, study, series_uid)
        if unseen:
            await studies_shown.record_shown(session, study, [each.series_pk for each in states], unseen)
    etags = [_etag(study, state, call.links) for state in states]
    etag = f'"{hashlib.sha256("".join(etags).encode()).hexdigest()[:32]}"'
    if etag in call.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag, **_CACHE})
    if len(states) == 1:
        packed = await _series(call, study, states[0], etags[0])
        return _compressed(call, packed.body, etag)
    bodies = _joined(call, study, list(zip(states, etags, strict=True)))
    return StreamingResponse(bodies, media_type=DICOM_JSON, headers={"ETag": etag, **_CACHE})


async def _series(call: Call, study: SeenStudy, state: SeriesState, etag: str) -> Packed:
    held = call.desk.metadata.get(etag)
    if held is not None:
        return held
    async with call.resources.db.look_up() as session:
        rows = await studies.headers(session, study, state.series_uid)
    packed = await asyncio.to_thread(_packed, etag, study, state.series_uid, rows, call.links)
    if len(rows) == state.count:  # else another image came just now, and the next ETag will speak of it
        call.desk.metadata.put(packed)
    return packed


async def _joined(call: Call, study: SeenStudy, series: Sequence[tuple[SeriesState, str]]) -> AsyncIterator[bytes]:
    """The arrays of the series as one, one series in memory at a time."""
    yield b"["
    for number, (state, etag) in enumerate(series):
        packed = await _series(call, study, state, etag)
        body = await asyncio.to_thread(_unpacked, packed.body)
        yield (b"," if number else b"") + body[1:-1]
    yield b"]"


def _compressed(call: Call, body: bytes, etag: str) -> Response:
    headers = {"ETag": etag, **_CACHE}
    if takes_gzip(call.request.headers.get("accept-encoding", "")):
        return Response(body, media_type=DICOM_JSON, headers={**headers, "Content-Encoding": "gzip"})
    return Response(_unpacked(body), media_type=DICOM_JSON, headers=headers)


def _etag(study: SeenStudy, state: SeriesState, links: Links) -> str:
    """Of what the text depends on: which instances, whose number the patient's is, the host in the links."""
    parts = (study.clinic_id, study.study_uid, state.series_uid, state.mark, links.origin)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _packed(etag: str, study: SeenStudy, series_uid: str, rows: Sequence[HeaderRow], links: Links) -> Packed:
    """Row by row: only the compressed text grows."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    pieces = []
    for number, row in enumerate(rows):
        model = _model(row, study, links.instance(study.study_uid, series_uid, row.sop_instance_uid))
        text = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
        pieces.append(packer.compress((("," if number else "[") + text).encode()))
    pieces.append(packer.compress(b"]" if rows else b"[]"))
    return Packed(b"".join([*pieces, packer.flush()]), etag)


def _unpacked(body: bytes) -> bytes:
    return zlib.decompress(body, _GZIP)


def _model(row: HeaderRow, study: SeenStudy, location: str) -> Model:
    model: Model = json.loads(row.header)
    if row.coercion is not None:
        coerce_model(model, row.coercion)
    put_patient_id(model, study.clinic_id)
    model["00083002"] = element("UI", row.transfer_syntax_uid)  # Available Transfer Syntax UID
    for value in row.bulk:
        _put_bulk(model, value["path"].split("/"), f"{location}/bulkdata/{value['path']}")
    if row.has_pixels:
        model["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{location}/bulkdata/7FE00010"}
    return dict(sorted(model.items()))


def _put_bulk(model: Model, path: Sequence[str], uri: str) -> None:
    """``54000100/0/54001010``: tag, item, tag (PS3.18 F.2.6)."""
    place = model
    for tag, item in zip(path[:-1:2], path[1::2], strict=True):
        place = place[tag]["Value"][int(item)]
    place[path[-1]] = {"vr": place[path[-1]]["vr"], "BulkDataURI": uri}
