"""ZIPs of any size in constant memory, with names that cannot harm."""

import io
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.imaging.dicomweb.multipart import Part, part_of
from services.imaging.dicomweb.retrieve.zip_answer import Entry, EntryNames, zip_answer

AT = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
MIB = 1 << 20


def big(mebibytes: int) -> Part:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(mebibytes):
            yield bytes([number % 251]) * MIB

    return Part("application/dicom", "http://x/i", chunks, mebibytes * MIB)


async def test_memory_does_not_grow_with_the_study() -> None:
    answer = await zip_answer([Entry(f"r/{number}.dcm", AT, big(32)) for number in range(8)], "s.zip")
    tracemalloc.start()
    sent = 0
    async for chunk in answer.body_iterator:
        sent += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (sent > 256 * MIB, peak < 16 * MIB) == (True, True), (sent, peak)


async def test_a_file_of_unknown_length_and_one_that_is_made_late() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first "
        yield b"second"

    async def late() -> Part:
        return part_of("application/dicom", "http://x/i", b"late")

    entries = [Entry("r/1.dcm", AT, Part("application/dicom", "http://x/1", chunks)), Entry("r/2.dcm", AT, late)]
    answer = await zip_answer(entries, "s.zip", status=206)
    content = b"".join([bytes(chunk) async for chunk in answer.body_iterator])  # type: ignore[arg-type]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "r/1.dcm": b"first second",
            "r/2.dcm": b"late",
        }
        assert archive.getinfo("r/1.dcm").date_time == (2026, 11, 22, 12, 5, 6)
    assert answer.status_code == 206


@pytest.mark.parametrize(
    ("series", "instance", "name"),
    [
        ("1.2", "3.4", "1.2/3.4.dcm"),
        ("..", "../../etc/passwd", "_/_.._etc_passwd.dcm"),
        ("/", "C:\\x", "_/C_x.dcm"),
        ("a\0b", "", "a_b/_.dcm"),
        ("1" * 300, "2" * 300, f"{'1' * 64}/{'2' * 64}.dcm"),
    ],
)
def test_names_stay_below_the_folder_they_are_unpacked_in(series: str, instance: str, name: str) -> None:
    assert EntryNames().name(series, instance) == name


def test_names_are_given_once_on_file_systems_that_know_no_case() -> None:
    names = EntryNames()
    assert [names.name("a", "x"), names.name("A", "X"), names.name("a", "x")] == ["a/x.dcm", "A/X-2.dcm", "a/x-3.dcm"]
