"""The received files as images, things passed over, and refusals, each told by the number of the file it came in.

Runs in a thread of this process, not in a process of its own: the parser is pure Python over bounded reads, follows
no structure without a limit, decodes no pixels and expands only through zlib; hostile bytes can make it refuse, not
crash. What decodes pixels, PDFs or XML does run apart (DESIGN.md §7).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from services.imaging.parse.instance import Instance
from services.imaging.parse.limits import Limits
from services.imaging.parse.outcomes import Conclusion, Ignored, RefusedFile, Taken
from services.imaging.parse.sort_out import UploadSorter
from shared.reading.workflow.refusals import Refusal
from shared.web.upload import ReceivedFile, Spool, disk_errors

_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Image:
    """One accepted instance: its bytes and its header as JSON lie in the spool, ``facts`` is without the header.

    Four thousand headers as Python objects would be hundreds of megabytes.
    """

    number: int
    name: str
    offset: int
    length: int
    facts: Instance
    header_offset: int
    header_length: int

    def open(self, spool: Spool) -> BinaryIO:
        return spool.view(self.offset, self.length)

    def read_header(self, spool: Spool) -> str:
        """``"header": DICOM JSON, "bulk": [{path, vr, offset, length}]``: two members of its row's JSON."""
        return spool.read_at(self.header_offset, self.header_length).decode()


@dataclass(frozen=True, slots=True)
class Sorted:
    images: tuple[Image, ...]
    ignored: tuple[Ignored, ...]
    refusals: tuple[Refusal, ...]
    remarks: tuple[str, ...]


class _Sorting:
    def __init__(self, spool: Spool, sorter: UploadSorter) -> None:
        self._spool = spool
        self._sorter = sorter
        self._images: dict[str, Image] = {}
        self._ignored: list[Ignored] = []
        self._refusals: list[Refusal] = []
        self._strangers: list[ReceivedFile] = []

    def add(self, file: ReceivedFile) -> None:
        view = self._spool.view(file.offset, file.length)
        outcomes = 0
        for outcome in self._sorter.sort(file.name or f"file-{file.number}", view, file.length):
            outcomes += 1
            if isinstance(outcome, Ignored):
                self._ignored.append(outcome)
            elif isinstance(outcome, RefusedFile):
                self._refuse(file, outcome)
            else:
                self._take(file, outcome, is_whole_file=outcome.file is view)
        if outcomes == 0:
            self._strangers.append(file)

    def conclude(self) -> Sorted:
        conclusion: Conclusion = self._sorter.conclude()
        self._ignored.extend(conclusion.ignored)
        strangers = iter(self._strangers)
        for refused in conclusion.refused:
            if refused.name:
                self._refuse(next(strangers), refused)
            else:
                self._refusals.append(Refusal(0, "", str(refused.refusal.code), refused.refusal.detail))
        return Sorted(
            tuple(self._images.values()),
            tuple(self._ignored),
            tuple(self._refusals),
            tuple(str(remark) for remark in conclusion.remarks),
        )

    def _refuse(self, file: ReceivedFile, refused: RefusedFile) -> None:
        self._refusals.append(Refusal(file.number, refused.name, str(refused.refusal.code), refused.refusal.detail))

    def _take(self, file: ReceivedFile, taken: Taken, *, is_whole_file: bool) -> None:
        facts = taken.instance
        twin = self._images.get(facts.sop_instance_uid)
        if twin is not None:
            if twin.facts.data_set_sha256 != facts.data_set_sha256:
                detail = f"同一次上传中 SOP Instance UID {facts.sop_instance_uid} 有两份不同内容"
                self._refusals.append(Refusal(file.number, taken.name, "instance_conflict", detail))
            return
        if self._refusals:
            return  # nothing will be stored: its bytes need not be copied
        offset = file.offset if is_whole_file else self._copy(taken.file)
        self._images[facts.sop_instance_uid] = keep_image(
            self._spool, file.number, taken.name, offset, taken.size_bytes, facts
        )

    def _copy(self, source: BinaryIO) -> int:
        """A member of a ZIP is gone when the next one is asked for."""
        start = self._spool.size_bytes
        while chunk := source.read(_COPY_BYTES):
            self._spool.append(chunk)
        return start


def keep_image(spool: Spool, number: int, name: str, offset: int, length: int, facts: Instance) -> Image:
    """An image whose bytes lie in the spool; its header is laid beside them."""
    header = {
        "header": facts.metadata,
        "bulk": [{"path": b.path, "vr": b.vr, "offset": b.offset, "length": b.length} for b in facts.bulk],
    }
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
    header_offset = spool.append(raw)
    return Image(
        number=number,
        name=name,
        offset=offset,
        length=length,
        facts=replace(facts, metadata={}, bulk=()),
        header_offset=header_offset,
        header_length=len(raw),
    )


def sort_files(files: Sequence[ReceivedFile], spool: Spool, *, default_charset: str | None, limits: Limits) -> Sorted:
    """Blocking. Raises nothing for what the files hold; Unavailable when the spool's disk is full."""
    sorting = _Sorting(spool, UploadSorter(default_charset=default_charset, limits=limits))
    with disk_errors():  # what a ZIP holds is expanded into temporary files
        for file in files:
            sorting.add(file)
    return sorting.conclude()
