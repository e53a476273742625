"""How to read senders that declare no character set, by the address they send from."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from services.lab.api.site import WORKS, laboratory_of
from services.lab.models import SenderSetting
from services.lab.queries import policies
from shared.auth import Role
from shared.events.part import Part
from shared.reading.routes.call import CurrentCall

Charset = Literal["utf-8", "gb18030", "big5", "iso8859-1"]


class SenderBody(Part):
    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)] = Field(
        description="the analyzer's or system's IP address"
    )
    charset: Charset
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class ShownSender(BaseModel):
    address: str
    charset: str
    note: str
    set_by: str
    set_at: datetime


class ShownSenders(BaseModel):
    senders: list[ShownSender]


def senders_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/senders", tags=["waiting"])

    @router.get("", summary="Senders with settings of their own")
    async def list_senders(call: CurrentCall) -> ShownSenders:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.look_up() as session:
            return ShownSenders(senders=[_show(each) for each in await policies.senders_of(session, laboratory)])

    @router.put("", summary="Set one, by its address")
    async def set_sender(body: SenderBody, call: CurrentCall) -> ShownSenders:
        laboratory = laboratory_of(call.actor, Role.technologist)
        async with call.transaction("sender.set", body.address, "sender") as session:
            await policies.set_sender(session, call.actor, laboratory, body.address, body.charset, body.note)
            return ShownSenders(senders=[_show(each) for each in await policies.senders_of(session, laboratory)])

    return router


def _show(row: SenderSetting) -> ShownSender:
    return ShownSender(
        address=row.address, charset=row.charset, note=row.analyzer, set_by=row.set_by, set_at=row.set_at
    )
