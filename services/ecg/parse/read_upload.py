"""All files of one upload: which of them are recordings, which are refused, and which may be left."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from services.ecg.parse import limits
from services.ecg.parse.checks import checked
from services.ecg.parse.formats import READ_HERE, readers
from services.ecg.parse.reader import Read, Reader, SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused


class Ignored(StrEnum):
    duplicate = "duplicate"  # the same bytes as an earlier file
    annotation = "annotation"  # marks that belong to a WFDB record of this upload
    leftover = "leftover"  # what operating systems put into folders


@dataclass(frozen=True, slots=True)
class FromFiles:
    """``files``: numbers from 1, the file that was read first, then its companions."""

    recording: Recording
    files: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadUpload:
    """Every file is in exactly one of the three, by its number from 1."""

    recordings: tuple[FromFiles, ...] = ()
    refusals: tuple[tuple[int, Refused], ...] = ()
    ignored: tuple[tuple[int, Ignored], ...] = ()


_LEFTOVERS = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_SIGNAL_ENDINGS = (".dat", ".mat")  # WFDB's: meaningless without the header beside them
_KINDS = {
    b"%PDF-": "PDF 文件", b"\xff\xd8\xff": "JPEG 图片", b"\x89PNG": "PNG 图片", b"GIF8": "GIF 图片", b"BM": "BMP 图片",
    b"II*\0": "TIFF 图片", b"MM\0*": "TIFF 图片", b"PK\x03\x04": "压缩包", b"Rar!": "压缩包", b"7z\xbc\xaf": "压缩包",
}  # fmt: skip


def read_upload(files: Sequence[SourceFile], known: Sequence[Reader] | None = None) -> ReadUpload:
    """``known``: other readers than ``readers()``."""
    upload = _Upload(files, readers() if known is None else known)
    for number in range(1, len(files) + 1):
        upload.read(number)
    return upload.sorted_out()


class _Upload:
    def __init__(self, files: Sequence[SourceFile], known: Sequence[Reader]) -> None:
        self._files = dict(enumerate(files, start=1))
        self._readers = known
        self._recordings: dict[int, FromFiles] = {}
        self._refusals: dict[int, Refused] = {}
        self._ignored: dict[int, Ignored] = {}
        self._unknown: list[int] = []
        self._by_folder: dict[str, dict[str, int]] = {}
        for number, file in self._files.items():
            folder, name = _split(file.name)
            self._by_folder.setdefault(folder, {}).setdefault(name, number)

    def read(self, number: int) -> None:
        file = self._files[number]
        if _split(file.name)[1] in _LEFTOVERS or "__macosx/" in file.name.lower():
            self._ignored[number] = Ignored.leftover
            return
        first = self._by_folder[_split(file.name)[0]][_split(file.name)[1]]
        if first != number and self._files[first].data == file.data:
            self._ignored[number] = Ignored.duplicate
            return
        if len(file.data) > limits.MAX_FILE_BYTES:
            detail = f"文件超过 {limits.MAX_FILE_BYTES >> 20} MB；本中心只读静息心电图。"
            self._refusals[number] = Refused(RefusalCode.too_large, detail)
            return
        reader = next((reader for reader in self._readers if reader.recognizes(file.data)), None)
        if reader is None:
            self._unknown.append(number)
            return
        beside = self._by_folder[_split(file.name)[0]]
        companions = {name: self._files[other] for name, other in beside.items() if other != number}
        try:
            answer = reader.read(file, companions)
            recording = checked(answer.recording)
        except Refused as refused:
            self._refusals[number] = refused
            return
        self._recordings[number] = FromFiles(recording, (number, *_numbers_used(answer, beside, number)))

    def sorted_out(self) -> ReadUpload:
        used = self._used()
        for number in self._unknown:
            if number not in used:
                self._sort_unknown(number)
        self._leave_repetitions()
        used = self._used()
        return ReadUpload(
            tuple(taken for number, taken in sorted(self._recordings.items()) if number not in used),
            tuple((number, refused) for number, refused in sorted(self._refusals.items()) if number not in used),
            tuple((number, why) for number, why in sorted(self._ignored.items()) if number not in used),
        )

    def _used(self) -> set[int]:
        return {number for taken in self._recordings.values() for number in taken.files[1:]}

    def _sort_unknown(self, number: int) -> None:
        file = self._files[number]
        folder, name = _split(file.name)
        stem = PurePosixPath(name).stem
        header = self._by_folder[folder].get(f"{stem}.hea")
        if name.endswith(_SIGNAL_ENDINGS):
            detail = "缺少同名的 .hea 头文件：WFDB 的头文件和数据文件请一起上传。"
            self._refusals[number] = Refused(RefusalCode.companion_missing, detail)
        elif header in self._recordings and _kind(file.data) is None:
            self._ignored[number] = Ignored.annotation
        else:
            self._refusals[number] = Refused(RefusalCode.not_ecg, _not_ecg(file.data))

    def _leave_repetitions(self) -> None:
        """The same bytes sent twice are one ECG; two ECGs of one patient never have the same bytes."""
        first: dict[tuple[bytes, ...], int] = {}
        for number, taken in sorted(self._recordings.items()):
            content = tuple(self._files[file].data for file in taken.files)
            if first.setdefault(content, number) != number:
                del self._recordings[number]
                self._ignored |= dict.fromkeys(taken.files, Ignored.duplicate)


def _split(name: str) -> tuple[str, str]:
    """Folder and name in lower case; both kinds of slashes."""
    path = PurePosixPath(name.lower().replace("\\", "/"))
    return str(path.parent), path.name


def _numbers_used(answer: Read, beside: dict[str, int], number: int) -> tuple[int, ...]:
    named = (beside.get(_split(name)[1]) for name in answer.used)
    return tuple(dict.fromkeys(other for other in named if other is not None and other != number))


def _not_ecg(data: bytes) -> str:
    if not data:
        return "文件为空，请重新导出。"
    kind = _kind(data)
    what = f"这是 {kind}，不是心电图数据" if kind else "不是本中心能识别的心电图数据"
    return f"{what}。本中心读取：{READ_HERE}；请从心电图机导出其中一种原始数据。"


def _kind(data: bytes) -> str | None:
    """In Chinese, of what is surely something else than marks or an ECG."""
    if data[128:132] == b"DICM":
        return "没有心电波形的 DICOM 文件"
    return next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
