"""QIDO-RS (PS3.18 10.6): studies, series, instances, at each level."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.dicomweb.attributes import INSTANCE, SERIES, STUDY
from services.imaging.dicomweb.json_answer import json_answer, require_json
from services.imaging.dicomweb.openapi import QUERY, STUDY_QUERY
from services.imaging.dicomweb.search.conditions import Query, read_query
from services.imaging.dicomweb.search.rows import (
    Model,
    add_fields,
    instance_model,
    needs_header,
    series_model,
    study_model,
)
from services.imaging.queries import search
from services.imaging.queries.search import StudyRow
from services.imaging.queries.search_terms import OneOf
from shared import audit
from shared.db import Session, plan_each
from shared.web import client_address


def qido_router() -> APIRouter:
    router = APIRouter(tags=["dicomweb"])

    @router.get("/studies", summary="Search for studies", openapi_extra=STUDY_QUERY)
    async def search_studies(call: CurrentCall) -> Response:
        """The newest first. Without a match `[]`."""
        query = _query(call, STUDY)
        async with call.resources.db.transaction() as session:
            await plan_each(session)
            rows = await search.studies(session, call.actor, query.search)
            pks = [row.id for row in rows[: query.search.limit]]
            inside = await search.inside(session, pks)
            wants = needs_header(STUDY, query)
            headers = await search.first_headers(session, call.actor, study_pks=pks) if wants else {}
            await _record(session, call)

        def build(shown: Sequence[StudyRow]) -> list[Model]:
            links = call.links
            return [
                add_fields(study_model(row, inside.get(row.id), links), STUDY, headers.get(row.id), query)
                for row in shown
            ]

        return await _answer(query, await asyncio.to_thread(build, rows[: query.search.limit]), len(rows))

    @router.get("/series", summary="Search for series of all studies", openapi_extra=QUERY)
    async def search_series(call: CurrentCall) -> Response:
        return await _series(call, None)

    @router.get("/studies/{study_uid}/series", summary="Search for series of a study", openapi_extra=QUERY)
    async def search_series_of_study(study_uid: str, call: CurrentCall) -> Response:
        return await _series(call, study_uid)

    @router.get("/instances", summary="Search for instances of all studies", openapi_extra=QUERY)
    async def search_instances(call: CurrentCall) -> Response:
        return await _instances(call, None, None)

    @router.get("/studies/{study_uid}/instances", summary="Search for instances of a study", openapi_extra=QUERY)
    async def search_instances_of_study(study_uid: str, call: CurrentCall) -> Response:
        return await _instances(call, study_uid, None)

    @router.get(
        "/studies/{study_uid}/series/{series_uid}/instances",
        summary="Search for instances of a series",
        openapi_extra=QUERY,
    )
    async def search_instances_of_series(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _instances(call, study_uid, series_uid)

    return router


async def _series(call: Call, study_uid: str | None) -> Response:
    query = _query(call, SERIES)
    async with call.resources.db.transaction() as session:
        await plan_each(session)
        query = await _within(session, call, query, study_uid)
        rows = await search.series(session, call.actor, query.search)
        shown = rows[: query.search.limit]
        pks = [row.id for _, row in shown]
        wants = bool(pks) and needs_header(SERIES, query)
        headers = await search.first_headers(session, call.actor, series_pks=pks) if wants else {}

    def build() -> list[Model]:
        links = call.links
        return [add_fields(series_model(study, row, links), SERIES, headers.get(row.id), query) for study, row in shown]

    return await _answer(query, await asyncio.to_thread(build), len(rows))


async def _instances(call: Call, study_uid: str | None, series_uid: str | None) -> Response:
    query = _query(call, INSTANCE)
    if series_uid is not None:
        terms = {**query.search.terms, "SeriesInstanceUID": OneOf([series_uid])}
        query = replace(query, search=replace(query.search, terms=terms))
    async with call.resources.db.transaction() as session:
        await plan_each(session)
        query = await _within(session, call, query, study_uid)
        rows = await search.instances(session, call.actor, query.search)

    def build() -> list[Model]:
        links = call.links
        return [
            add_fields(instance_model(study, series, row, links), INSTANCE, header, query, row.coercion)
            for study, series, row, header in rows[: query.search.limit]
        ]

    return await _answer(query, await asyncio.to_thread(build), len(rows))


def _query(call: Call, level: str) -> Query:
    require_json(call.request)
    return read_query(level, call.request.query_params.multi_items())


async def _within(session: Session, call: Call, query: Query, study_uid: str | None) -> Query:
    """A study that is named must be there: another clinic's is a 404, not an empty list."""
    if study_uid is None:
        await _record(session, call)
        return query
    study = await call.see(session, study_uid, "study.search")
    return replace(query, search=replace(query.search, study_pk=study.study_pk))


async def _record(session: Session, call: Call) -> None:
    """Lists over all studies show many patients: one row in five minutes, of the organization."""
    action, org_id = "studies.search", call.actor.org_id
    if not await audit.seen_recently(session, call.actor, action, "organization", org_id):
        await audit.record(session, call.actor, action, "organization", org_id, address=client_address(call.request))


async def _answer(query: Query, models: list[Model], found: int) -> Response:
    warnings = []
    if found > query.search.limit and query.is_capped:
        warnings.append("The number of results exceeded the maximum; additional results can be requested by offset.")
    if query.unmatched:
        warnings.append("These attributes were not matched: " + ", ".join(query.unmatched))
    return await json_answer(models, warnings)
