"""Codes, units and words nobody knows, and what people said they mean."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from services.lab.api.site import WORKS, laboratory_of
from services.lab.catalogue.items import SpecimenType
from services.lab.intake import waiting as desk
from services.lab.models import AnalyzerCode, Unmapped
from services.lab.queries import waiting
from shared.auth import Role
from shared.events.part import Part
from shared.reading.routes.call import CurrentCall

Limit = Annotated[int, Query(ge=1, le=200)]
NumberCursor = Annotated[int, Query(ge=0, le=2**62, alias="cursor")]
_Code = Annotated[str, StringConstraints(max_length=200)]


class ShownUnmapped(BaseModel):
    id: int
    kind: str = Field(description="code, unit or specimen")
    text: str = Field(description="what is unknown of it")
    analyzer: str
    system: str
    code: str
    name: str
    value: str
    unit: str
    case_id: str | None
    message_id: str
    created_at: datetime


class ShownUnmappedLines(BaseModel):
    lines: list[ShownUnmapped]
    next_cursor: int | None


class CodeMapping(Part):
    """``item`` null: lines of this code are no results. ``unit`` (UCUM) where the line's own is exactly
    ``sent_unit``."""

    analyzer: _Code = ""
    code: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    system: _Code = ""
    item: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None
    unit: Annotated[str, StringConstraints(max_length=64)] = ""
    sent_unit: Annotated[str, StringConstraints(max_length=64)] = ""


class WordMapping(Part):
    word: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    type: SpecimenType


class WentOn(BaseModel):
    messages: int = Field(description="that waited for this")
    applied: int = Field(description="of them, applied before this answer; the worker does the others")


class ShownCode(BaseModel):
    id: int
    analyzer: str
    code: str
    system: str
    item: str | None
    unit: str
    sent_unit: str
    mapped_by: str
    mapped_at: datetime


class ShownCodes(BaseModel):
    codes: list[ShownCode]
    next_cursor: int | None


def codes_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["waiting"])

    @router.get("/unmapped", summary="Lines with a code, unit or specimen nobody knows, the oldest first")
    async def list_unmapped(call: CurrentCall, limit: Limit = 50, cursor: NumberCursor = 0) -> ShownUnmappedLines:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.transaction("unmapped.list", "", "message") as session:
            found = await waiting.page_unmapped(session, laboratory, limit=limit + 1, after=cursor)
        shown = [_show_unmapped(each) for each in found[:limit]]
        return ShownUnmappedLines(lines=shown, next_cursor=shown[-1].id if len(found) > limit else None)

    @router.get("/analyzer-codes", summary="What was said of analyzers' codes")
    async def list_codes(call: CurrentCall, limit: Limit = 200, cursor: NumberCursor = 0) -> ShownCodes:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.look_up() as session:
            found = await waiting.all_codes(session, laboratory, limit=limit + 1, after=cursor)
        shown = [_show_code(each) for each in found[:limit]]
        return ShownCodes(codes=shown, next_cursor=shown[-1].id if len(found) > limit else None)

    @router.post("/analyzer-codes", summary="This code is that item; what waited for it goes on")
    async def map_code(body: CodeMapping, call: CurrentCall) -> WentOn:
        laboratory = laboratory_of(call.actor, Role.technologist)
        async with call.transaction("analyzer_code.map", f"{body.analyzer}/{body.code}", "analyzer_code") as session:
            found = await desk.map_code(session, call.actor, laboratory, **body.model_dump())
        return WentOn(messages=len(found), applied=await desk.apply_again(call.resources.db, found))

    @router.post("/specimen-words", summary="This word is that kind of specimen; what waited for it goes on")
    async def map_word(body: WordMapping, call: CurrentCall) -> WentOn:
        laboratory = laboratory_of(call.actor, Role.technologist)
        async with call.transaction("specimen_word.map", body.word, "specimen_word") as session:
            found = await desk.map_word(session, call.actor, laboratory, body.word, body.type)
        return WentOn(messages=len(found), applied=await desk.apply_again(call.resources.db, found))

    return router


def _show_unmapped(row: Unmapped) -> ShownUnmapped:
    return ShownUnmapped.model_validate(row, from_attributes=True)


def _show_code(row: AnalyzerCode) -> ShownCode:
    return ShownCode.model_validate(row, from_attributes=True)
