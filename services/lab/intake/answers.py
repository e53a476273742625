"""What senders get back, in their own protocol or as JSON."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from services.lab.intake.asked import tubes_asked_for
from services.lab.intake.incoming import Arrived, Verdict
from services.lab.parse.ack import acknowledge, expects_answer
from services.lab.parse.hl7_answers import answer_query
from shared.db import Session


class ToldMessage(BaseModel):
    message_id: str | None = Field(description="ours; with it the message is found again")
    control_id: str = Field(description="the sender's own id of the message")
    verdict: str = Field(description="stored, known, conflict, refused, nothing")
    state: str | None = Field(default=None, description="received, applied, waiting, rejected")
    orphans: int = Field(default=0, description="specimens in it that nobody knows")
    unmapped: int = Field(default=0, description="lines with a code, unit or specimen that nobody knows")
    code: str | None = None
    detail: str | None = None


class ToldMessages(BaseModel):
    messages: list[ToldMessage]


def told_of(arrived: Arrived) -> ToldMessage:
    return ToldMessage(
        message_id=arrived.message_id,
        control_id=arrived.message.message_id if arrived.message else "",
        verdict=str(arrived.verdict),
        code=_code_of(arrived),
        detail=arrived.error.detail if arrived.error else None,
    )


def _code_of(arrived: Arrived) -> str | None:
    if arrived.verdict is Verdict.conflict:
        return "message_id_reused"
    return str(arrived.error.code) if arrived.error else None


async def hl7_answers(
    session: Session, laboratory_id: str, arrived: Sequence[Arrived], charset: str | None
) -> tuple[bytes, ...]:
    """One ACK for each message, the answer to each query; nothing for acknowledgements."""
    found: list[bytes] = []
    for each in arrived:
        message = each.message
        if message is not None and message.queries:
            for query in message.queries:
                tubes = await tubes_asked_for(session, laboratory_id, message.sender, query)
                found += answer_query(message, query, tubes, charset=charset)
        elif message is None or expects_answer(message):
            asked = message or each.raw
            found.append(acknowledge(asked, each.code, error=each.error, charset=charset))  # type: ignore[arg-type]
    return tuple(found)
