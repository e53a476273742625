"""A sweep's cases, each in a transaction of its own: one that always fails keeps nobody behind it waiting."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from shared.db import Database, Session
from shared.errors import Unavailable
from shared.telemetry import fields

logger = logging.getLogger(__name__)

Work = Callable[[Session, str], Awaitable[bool | None]]


async def one_by_one(db: Database, case_ids: Iterable[str], work: Work) -> int:
    """How many ``work`` returned true for. A failure is logged with its case, their number at the end.

    Raises Unavailable: without the database there is nothing to go on with.
    """
    done = failed = 0
    for case_id in case_ids:
        try:
            async with db.transaction() as session:
                done += bool(await work(session, case_id))
        except Unavailable:
            raise
        except Exception:  # the edge of the process: logged, counted, tried again by the next sweep
            failed += 1
            logger.exception("a sweep failed on a case", extra=fields(case_id=case_id))
    if failed:
        logger.error("a sweep left cases behind", extra=fields(count=failed))
    return done
