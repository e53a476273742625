"""How much one upload may be. Counted while it is read, whatever its headers promise."""

from dataclasses import dataclass

from services.imaging.parse.refusal import FailureCode, Refused

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """A ZIP is a bomb when more than ``bomb_floor_bytes`` come out of it at more than ``bomb_ratio`` to one: real
    images shrink two to four times, deflate at most 1,032 times."""

    max_files: int = 20_000
    max_file_bytes: int = 2048 * _MIB
    max_expanded_bytes: int = 8192 * _MIB
    bomb_ratio: int = 200
    bomb_floor_bytes: int = 64 * _MIB


class Budget:
    """What is left of the limits, over all files of one upload."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._files = 0
        self._bytes = 0

    def count_file(self) -> None:
        self._files += 1
        if self._files > self.limits.max_files:
            raise Refused(FailureCode.TOO_MANY_FILES, f"{self.limits.max_files} 个")

    def count_bytes(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        if self._bytes > self.limits.max_expanded_bytes:
            raise Refused(FailureCode.TOO_LARGE, f"合计 {self.limits.max_expanded_bytes // _MIB} MB")

    def check_file(self, size_bytes: int) -> None:
        if size_bytes > self.limits.max_file_bytes:
            raise Refused(FailureCode.TOO_LARGE, f"单个文件 {self.limits.max_file_bytes // _MIB} MB")

    def check_ratio(self, expanded_bytes: int, archive_bytes: int) -> None:
        if expanded_bytes > self.limits.bomb_floor_bytes and expanded_bytes > archive_bytes * self.limits.bomb_ratio:
            raise Refused(FailureCode.ZIP_BOMB)
