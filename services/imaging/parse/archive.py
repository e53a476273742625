"""What a ZIP holds, one member after another, within limits that are judged while expanding."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from services.imaging.parse.archive_names import check_inside, member_name
from services.imaging.parse.limits import Budget
from services.imaging.parse.refusal import FailureCode, Refused

_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 16 * 1024 * 1024
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_END_BYTES = 22
_LONGEST_COMMENT = 0xFFFF
_ENTRY_BYTES = 46
_MEAN_NAME_BYTES = 512
# LZMA asks for as much memory as the archive says; what hospital software writes is one of these two.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True, slots=True)
class Member:
    """``file`` is seekable, at 0, and closed when the next member is asked for."""

    name: str
    file: BinaryIO
    size_bytes: int


def members(file: BinaryIO, size_bytes: int, budget: Budget) -> Iterator[Member]:
    """Every file in the archive, expanded. Raises Refused; an archive within the archive is a file like any other."""
    _check_directory(file, size_bytes, budget)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = _checked(archive, size_bytes, budget)
            expanded_bytes = 0
            for name, info in infos:
                with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
                    target = cast(BinaryIO, spool)
                    count = _expand(archive, info, target, expanded_bytes, size_bytes, budget)
                    expanded_bytes += count
                    target.seek(0)
                    yield Member(name, target, count)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        raise Refused(FailureCode.ARCHIVE_UNREADABLE) from None


def _checked(archive: zipfile.ZipFile, size_bytes: int, budget: Budget) -> list[tuple[str, zipfile.ZipInfo]]:
    """All members are looked at before the first is expanded: an archive that lies is not half read."""
    found = []
    promised_bytes = 0
    for info in archive.infolist():
        name = member_name(info)
        # Counted from a start that the archive itself names, an offset may come out negative.
        if not name or not info.filename or not 0 <= info.header_offset < size_bytes:
            raise Refused(FailureCode.ARCHIVE_UNREADABLE)
        check_inside(name, info)
        if info.is_dir():
            continue
        if info.flag_bits & 0x1:
            raise Refused(FailureCode.ENCRYPTED_ARCHIVE)
        if info.compress_type not in _METHODS:
            raise Refused(FailureCode.ARCHIVE_UNREADABLE, "压缩方法")
        budget.count_file()
        promised_bytes += info.file_size
        found.append((name, info))
    budget.check_ratio(promised_bytes, size_bytes)
    return found


def _expand(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    target: BinaryIO,
    before_bytes: int,
    archive_bytes: int,
    budget: Budget,
) -> int:
    count = 0
    with archive.open(info) as source:
        while chunk := source.read(_CHUNK_BYTES):
            count += len(chunk)
            budget.check_file(count)
            budget.count_bytes(len(chunk))
            budget.check_ratio(before_bytes + count, archive_bytes)
            target.write(chunk)
    return count


def _check_directory(file: BinaryIO, size_bytes: int, budget: Budget) -> None:
    """The size of the central directory, before zipfile reads all of it: forty million entries fit into 2 GB."""
    tail_bytes = min(size_bytes, _END_BYTES + _LONGEST_COMMENT)
    file.seek(size_bytes - tail_bytes)
    tail = file.read(tail_bytes)
    end = tail.rfind(_END)
    if end < 0:
        raise Refused(FailureCode.ARCHIVE_UNREADABLE)
    sizes = [int.from_bytes(tail[end + 12 : end + 16], "little")]
    end64 = tail.rfind(_END64)
    if end64 >= 0:
        sizes.append(int.from_bytes(tail[end64 + 40 : end64 + 48], "little"))
    real = [size for size in sizes if size != 0xFFFFFFFF]
    if any(size > budget.limits.max_files * (_ENTRY_BYTES + _MEAN_NAME_BYTES) for size in real):
        raise Refused(FailureCode.TOO_MANY_FILES, f"{budget.limits.max_files} 个")
    file.seek(0)
