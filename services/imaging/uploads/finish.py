"""Whole uploads become a case, with the effect and the answer of ``POST /cases``, which is kept to be asked for."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.imaging.intake.take_in import take_in
from services.imaging.models import Upload
from services.imaging.queries import uploads
from services.imaging.settings import settings_of
from services.imaging.uploads.files import JoinedSpool, path_of, remove
from services.imaging.uploads.writers import Writers
from shared.auth import Actor
from shared.errors import Conflict, FieldProblem, GongzhenError, Invalid, NotFound
from shared.reading.routes.intake import IgnoredFile, Sender, accepted_case, status_of
from shared.resources import Resources
from shared.telemetry import fields
from shared.web.problems import problem
from shared.web.upload import ReceivedFile, ReceivedForm

logger = logging.getLogger(__name__)
CONTENTS = "instances"


@dataclass(frozen=True, slots=True)
class Answer:
    """What ``POST /cases`` answers: a case, or a problem where ``status`` is 400 or more."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finisher:
    """``sorters``: apart from the threads that write and read bytes, as for every upload."""

    resources: Resources
    writers: Writers
    sorters: Executor

    async def finish(self, actor: Actor, upload_id: str, address: str) -> Answer:
        """With every upload of its group. Asked again, the same answer.

        Raises NotFound, Conflict (``upload_incomplete``), Unavailable: then it can be asked again.
        """
        async with self.resources.db.look_up() as session:
            upload = await uploads.own(session, actor, upload_id)
        if upload is None:
            raise NotFound
        async with self.writers.turn(f"{actor.org_id}/{upload.case_group or upload_id}"):
            async with self.resources.db.look_up() as session:
                members = await uploads.group(session, upload)
            mine = next((each for each in members if each.upload_id == upload_id), None)
            if mine is None:
                raise NotFound
            if mine.answer_status is not None and mine.answer is not None:
                return Answer(mine.answer_status, mine.answer)
            open_ones = [each for each in members if each.answer_status is None]
            _require_complete(open_ones)
            return await self._finish(actor, open_ones, address)

    async def _finish(self, actor: Actor, members: Sequence[Upload], address: str) -> Answer:
        ids = [each.upload_id for each in members]
        try:
            answer = await self._take_in(actor, members, address)
        except GongzhenError as error:
            if error.status >= 500:
                raise
            answer = Answer(error.status, json.loads(bytes(problem(error).body)))
        async with self.resources.db.transaction() as session:
            await uploads.keep_answer(session, ids, answer.status, answer.body)
        await asyncio.to_thread(remove, settings_of(self.resources).spool_dir, ids)
        logger.info("upload finished", extra=fields(status=answer.status, count=len(ids)))
        return answer

    async def _take_in(self, actor: Actor, members: Sequence[Upload], address: str) -> Answer:
        settings = settings_of(self.resources)
        places = [(path_of(settings.spool_dir, each.upload_id), each.length_bytes) for each in members]
        sender = Sender(actor, address, min(each.created_at for each in members), None)
        order = _order_of(members)
        files = await asyncio.to_thread(_files, members, places)
        with JoinedSpool.over(settings.spool_dir, places) as spool:
            taken = await take_in(self.resources, self.sorters, sender, ReceivedForm(order, files), spool)
        ignored = [IgnoredFile(name=each.name, reason=str(each.reason)) for each in taken.ignored]
        shown = accepted_case(taken.case, ignored, contents=CONTENTS)
        return Answer(status_of(taken.outcome), shown.model_dump(mode="json"))


def is_ready(upload: Upload, members: Sequence[Upload]) -> bool:
    """Whether it is finished without being asked: alone, or as the last of as many as its group was said to have."""
    if upload.answer_status is not None or any(each.offset_bytes < each.length_bytes for each in members):
        return False
    return upload.case_group is None or (upload.group_size is not None and len(members) >= upload.group_size)


def _require_complete(members: Sequence[Upload]) -> None:
    missing = [each for each in members if each.offset_bytes < each.length_bytes]
    if missing:
        raise Conflict(
            "还有文件没有传完",
            code="upload_incomplete",
            extra={"uploads": [{"upload_id": each.upload_id, "offset": each.offset_bytes} for each in missing[:100]]},
        )


def _order_of(members: Sequence[Upload]) -> bytes | None:
    orders = {each.order_json for each in members if each.order_json is not None}
    if len(orders) > 1:
        raise Invalid("同组的文件带有不同的 order", errors=[FieldProblem("/order", "duplicate", "只能有一个 order")])
    return orders.pop().encode() if orders else None


def _files(members: Sequence[Upload], places: Sequence[tuple[Path, int]]) -> tuple[ReceivedFile, ...]:
    files: list[ReceivedFile] = []
    offset = 0
    for number, (upload, (path, length)) in enumerate(zip(members, places, strict=True), 1):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append(ReceivedFile(number, upload.file_name, offset, length, digest))
        offset += length
    return tuple(files)
