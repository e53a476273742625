"""The spool at each step at which the power can go."""

import os
from pathlib import Path

import pytest

from clinic.config import Config, Region
from clinic.config import Spool as SpoolConfig
from clinic.spool import batches
from clinic.spool.files import write_durably
from clinic.spool.items import Facts, NewItem
from clinic.spool.spool import Spool
from shared.ids import new_id


def config(folder: Path, keep_days: int = 30) -> Config:
    spool = SpoolConfig(folder=folder / "spool", min_free_mb=0, keep_days=keep_days)
    return Config(region=Region(url="http://127.0.0.1:9", username="clinic1"), spool=spool)


@pytest.fixture
def spool(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = Spool(config(tmp_path), clock=lambda: 1000.0)
    yield opened
    opened.close()


def put(
    spool: Spool, content: bytes, group: str = "imaging/1.2/P1", *, quiet_s: float = 0, priority: str = "routine"
) -> bool:
    item_id = new_id("itm")
    name = spool.write(f"{item_id}.dcm", [content]).path.name
    item = NewItem(
        item_id=item_id,
        center="imaging",
        group_key=group,
        digest=content.hex(),
        file=name,
        name=name,
        size_bytes=len(content),
        facts=Facts(),
        source="CT1",
        priority=priority,
    )
    return spool.take([item], quiet_s=quiet_s)


def seal(spool: Spool, now: float = 1000.0, most_bytes: int = 10**9) -> int:
    return batches.seal_due(spool.database, now=now, longest_s=3600, most_bytes=most_bytes)


def test_bytes_without_a_row_were_never_acknowledged_and_go(spool: Spool) -> None:
    assert put(spool, b"kept")
    spool.write("orphan.dcm", [b"no row"])
    (spool.files / "half.dcm.part").write_bytes(b"ha")
    (spool.packages / "up_1.zip.part").write_bytes(b"PK")
    (spool.packages / "up_sent.zip").write_bytes(b"PK")
    assert spool.recover() == 4
    assert len(list(spool.files.iterdir())) == 1


def test_a_write_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def chunks():  # type: ignore[no-untyped-def]
        yield b"some"
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path / "file", chunks())
    assert list(tmp_path.iterdir()) == []


def test_the_same_bytes_are_kept_once(spool: Spool) -> None:
    assert put(spool, b"same")
    assert not put(spool, b"same")
    assert len(list(spool.files.iterdir())) == 1


def test_the_same_bytes_are_known_even_after_their_file_was_purged(spool: Spool, tmp_path: Path) -> None:
    put(spool, b"sent")
    seal(spool)
    (batch,) = batches.waiting(spool.database)
    batches.done(spool.database, batch.batch_id, "case_1")
    spool.close()
    later = Spool(config(tmp_path, keep_days=0))
    try:
        assert later.purge() == 1
        assert later.purge() == 0
        assert list(later.files.iterdir()) == []
        assert not put(later, b"sent")
    finally:
        later.close()


def test_what_was_not_sent_is_never_purged(tmp_path: Path) -> None:
    spool = Spool(config(tmp_path, keep_days=0), clock=lambda: 1000.0)
    try:
        for content in (b"waits", b"parked", b"gathers"):
            put(spool, content, content.decode(), quiet_s=600 if content == b"gathers" else 0)
        seal(spool)
        batches.park(spool.database, batches.waiting(spool.database)[0].batch_id, "code", "原因")
        assert spool.purge() == 0
        assert len(list(spool.files.iterdir())) == 3
    finally:
        spool.close()


def test_a_study_waits_until_it_is_quiet(spool: Spool) -> None:
    put(spool, b"one", quiet_s=30)
    assert seal(spool, 1029.9) == 0
    assert seal(spool, 1030) == 1


def test_a_clock_set_back_a_year_keeps_no_study_for_a_year(spool: Spool) -> None:
    put(spool, b"one", quiet_s=30)
    assert seal(spool, 1000.0 - 365 * 86400) == 1


def test_a_late_image_makes_an_upload_of_its_own(spool: Spool) -> None:
    put(spool, b"one")
    seal(spool)
    put(spool, b"two")
    seal(spool)
    assert len(batches.waiting(spool.database)) == 2


def test_a_large_study_goes_in_parts(spool: Spool) -> None:
    for number in range(5):
        put(spool, bytes([number]) * 10)
    assert seal(spool, most_bytes=20) == 3


def test_the_most_urgent_is_first_then_the_oldest(spool: Spool) -> None:
    for number, priority in enumerate(("routine", "stat", "urgent", "stat")):
        put(spool, bytes([number]), str(number), priority=priority)
        seal(spool)
    waiting = batches.waiting(spool.database)
    assert [each.priority for each in waiting] == ["stat", "stat", "urgent", "routine"]
    assert waiting[0].batch_id < waiting[1].batch_id


def test_one_urgent_image_hurries_its_study(spool: Spool) -> None:
    put(spool, b"one")
    put(spool, b"two", priority="stat")
    put(spool, b"three")
    seal(spool)
    assert [each.priority for each in batches.waiting(spool.database)] == ["stat"]


def test_halves_keep_the_order_that_was_fixed(spool: Spool) -> None:
    for number in range(3):
        put(spool, bytes([number]))
    seal(spool)
    (batch,) = batches.waiting(spool.database)
    batches.fix_order(spool.database, batch.batch_id, '{"a":1}', "urgent")
    assert batches.split(spool.database, batches.waiting(spool.database)[0])
    halves = batches.waiting(spool.database)
    assert [(each.order_json, each.priority) for each in halves] == [('{"a":1}', "urgent")] * 2
    assert not batches.split(spool.database, halves[0])


def test_everything_is_there_after_it_is_opened_again(spool: Spool, tmp_path: Path) -> None:
    put(spool, b"one", quiet_s=30)
    spool.close()
    again = Spool(config(tmp_path), clock=lambda: 2000.0)
    try:
        assert again.recover() == 0
        assert seal(again, 2000.0) == 1
    finally:
        again.close()
