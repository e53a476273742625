"""Results by HTTP: messages of analyzers and systems, and values typed in by a technologist."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.answers import ToldMessage, ToldMessages, hl7_answers, told_of
from services.lab.intake.apply import apply_message
from services.lab.intake.incoming import Arrived, Arriving, Source, Verdict, receive
from services.lab.intake.read import MEDIA_TYPES, Protocol, protocol_of
from services.lab.parse.manual import ManualResults
from services.lab.queries import messages, policies, specimens
from services.lab.settings import settings_of
from shared import directory
from shared.auth import Role
from shared.errors import Conflict, FieldProblem, Invalid, RoleRequired, TooLarge, Unreadable, UnsupportedKind
from shared.events.directory import SitePolicy
from shared.reading.routes.call import Call, CurrentCall
from shared.web.upload import read_bounded

MAX_BYTES = 16 << 20
_HL7 = "x-application/hl7-v2+er7"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES},
    }
}


def messages_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["results in"])

    @router.post(
        "/messages", summary="Send results as HL7 v2, ASTM, FHIR R4 JSON or our JSON", response_model=ToldMessages,
        responses={200: {"content": {_HL7: {}}, "description": "ACK for HL7; JSON for everything else"}},
        openapi_extra=_BODY,
    )  # fmt: skip
    async def send_message(request: Request, call: CurrentCall) -> Response:
        """Stored before it is answered. HL7 is answered with ACKs (409 for AE of a reused id, 400 for what cannot be
        read); the same message again is acknowledged again and stored once."""
        call.actor.require(Role.technologist, Role.integration)
        raw = await _body(request)
        protocol = protocol_of(request.headers.get("content-type", ""), raw)
        if protocol is None:
            raise UnsupportedKind(extra={"supported": MEDIA_TYPES})
        if protocol is Protocol.json:
            call.actor.require(Role.technologist)
        source = await _source(call, request)
        (arrived,) = await receive(call.resources.db, [Arriving(protocol, raw, source)])
        await _apply(call, arrived)
        if protocol is Protocol.hl7:
            return await _acknowledged(call, arrived, source)
        _require_taken(arrived)
        return JSONResponse((await _told(call, arrived)).model_dump(mode="json"))

    @router.post("/results", summary="Type values in", status_code=201)
    async def enter_results(body: ManualResults, call: CurrentCall) -> ToldMessage:
        """Codes are the catalogue's; a unit left out is the item's own. The same `entry_id` again is stored once."""
        call.actor.require(Role.technologist)
        catalogue = load_catalogue()
        problems = [
            FieldProblem(f"/lines/{place}/code", "item_unknown", "目录中没有这个项目")
            for place, line in enumerate(body.lines)
            if catalogue.item(line.code) is None
        ]
        if problems:
            raise Invalid("录入的项目不在检验目录中", errors=problems)
        async with call.transaction("result.enter", None) as session:
            specimen = await specimens.see(session, call.actor, body.specimen_number)
            await call.audit(session, "result.enter", specimen.case_id)
        source = Source(call.actor.org_id, call.actor.account_id, f"manual^{call.actor.account_id}", call.address)
        raw = body.model_dump_json().encode()
        (arrived,) = await receive(call.resources.db, [Arriving(Protocol.json, raw, source)])
        await _apply(call, arrived)
        _require_taken(arrived)
        return (await _told(call, arrived)).messages[0]

    return router


async def _body(request: Request) -> bytes:
    try:
        raw = await read_bounded(request, MAX_BYTES)
    except TooLarge:
        raise TooLarge("报文不得超过 16 MB", code="message_too_large", extra={"limit_bytes": MAX_BYTES}) from None
    if not raw:
        raise Unreadable("正文为空", code="message_empty")
    return raw


async def _source(call: Call, request: Request) -> Source:
    """The sender's setting by its address, else the centre's own assumption. Raises RoleRequired for an organization
    that reads no laboratory cases: its values would be orphans of a laboratory where nobody works."""
    async with call.resources.db.look_up() as session:
        if await directory.get(session, SitePolicy, f"{call.actor.org_id}_lab") is None:
            raise RoleRequired("本机构不是检验中心，不能发送检验结果", extra={"centers": ["lab"]})
        setting = await policies.setting_at(session, call.actor.org_id, call.address)
    charset = setting.charset if setting else settings_of(call.resources).lab_charset
    return Source(call.actor.org_id, call.actor.account_id, f"http^{call.actor.username}", call.address, charset)


async def _apply(call: Call, arrived: Sequence[Arrived]) -> None:
    for each in arrived:
        if each.verdict is Verdict.stored and each.message_id:
            await apply_message(call.resources.db, each.message_id)


async def _acknowledged(call: Call, arrived: Sequence[Arrived], source: Source) -> Response:
    async with call.resources.db.transaction() as session:
        answers = await hl7_answers(session, source.laboratory_id, arrived, source.charset)
        for each in arrived:
            await call.audit(session, "message.receive", each.message_id or "", "message")
    verdicts = {each.verdict for each in arrived}
    status = 409 if Verdict.conflict in verdicts else 400 if verdicts == {Verdict.refused} else 200
    return Response(b"".join(answers), status_code=status, media_type=_HL7)


def _require_taken(arrived: Sequence[Arrived]) -> None:
    for each in arrived:
        if each.verdict is Verdict.conflict and each.error:
            raise Conflict(each.error.detail, code="message_id_reused")
        if each.error is not None:
            raise Invalid(each.error.detail, code=str(each.error.code))


async def _told(call: Call, arrived: Sequence[Arrived]) -> ToldMessages:
    told = [told_of(each) for each in arrived]
    ids = [each.message_id for each in told if each.message_id]
    async with call.resources.db.transaction() as session:
        counts = await messages.told_of(session, ids)
        states = {message_id: await messages.get(session, call.actor.org_id, message_id) for message_id in ids}
        for message_id in ids:
            await call.audit(session, "message.receive", message_id, "message")
    for each in told:
        row = states.get(each.message_id or "")
        if row is not None and each.message_id:
            each.state = row.state
            each.orphans, each.unmapped = counts[each.message_id]
    return ToldMessages(messages=told)
