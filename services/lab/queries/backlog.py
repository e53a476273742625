"""How much waits for a person."""

from sqlalchemy import func, select

from services.lab.models import Orphan, ReceivedMessage, Unmapped
from shared.db import Session


async def backlog(session: Session, most_tries: int) -> dict[str, int]:
    """Over all laboratories of the centre: ``messages`` not applied yet, ``messages_failed`` after their tries,
    ``orphans`` open, ``unmapped`` codes, units and specimens."""
    received = ReceivedMessage.state == "received"
    given_up = ReceivedMessage.tries >= most_tries
    counts = {
        "messages": select(func.count()).select_from(ReceivedMessage).where(received, ~given_up),
        "messages_failed": select(func.count()).select_from(ReceivedMessage).where(received, given_up),
        "orphans": select(func.count()).select_from(Orphan).where(Orphan.state == "open"),
        "unmapped": select(func.count()).select_from(Unmapped).where(Unmapped.settled_at.is_(None)),
    }
    return {what: int(await session.scalar(statement) or 0) for what, statement in counts.items()}
