"""The spool: memory first, then one file without a name; views that do not disturb each other."""

import io
from pathlib import Path

import pytest

from shared.errors import Unavailable
from shared.web.upload.spool import Spool


@pytest.mark.parametrize("memory_bytes", [0, 5, 1 << 20])
def test_views_read_their_range_whether_in_memory_or_on_disk(memory_bytes: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path, memory_bytes=memory_bytes)
    for piece in (b"0123", b"4567", b"89"):
        spool.append(piece)
    one, other = spool.view(2, 5), spool.view(0, 10)
    assert one.read(2) == b"23"
    assert other.read() == b"0123456789"
    assert one.read(100) == b"456"
    assert one.read(1) == b""
    assert one.seek(-2, io.SEEK_END) == 3
    assert one.read() == b"56"
    assert (one.seekable(), one.readable(), one.tell()) == (True, True, 5)
    buffered = io.BufferedReader(other)  # type: ignore[type-var]
    buffered.seek(4)
    assert buffered.read(3) == b"456"
    spool.close()


def test_nothing_with_a_name_lies_in_the_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path, memory_bytes=4)
    spool.append(b"x" * 100)
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_folder_that_is_gone_makes_the_service_unavailable(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "gone", memory_bytes=4)
    with pytest.raises(Unavailable):
        spool.append(b"x" * 100)
