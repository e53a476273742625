from pathlib import Path

import pytest

from clinic.sending.order import order_of
from clinic.spool import worklist
from clinic.spool.database import Database
from clinic.spool.items import Facts
from clinic.spool.worklist import Entry


def entry(number: str = "A1", patient_id: str = "P1", **more: str) -> Entry:
    return Entry(f"case_{number}", "imaging", number, "routine", "2026-11-21T02:00:00Z", patient_id, **more)


@pytest.fixture
def database(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = Database(tmp_path / "spool.sqlite3")
    yield opened
    opened.close()


def test_a_waiting_order_is_found_by_its_number(database: Database) -> None:
    worklist.replace(database, [entry(), entry("A2")])
    assert worklist.match(database, "imaging", Facts(accession_number="A2")) == entry("A2")


def test_another_centres_order_is_not(database: Database) -> None:
    worklist.replace(database, [entry()])
    assert worklist.match(database, "ecg", Facts(accession_number="A1")) is None


def test_an_order_that_has_its_images_takes_more_of_the_same_patient_only(database: Database) -> None:
    worklist.replace(database, [entry()])
    worklist.replace(database, [])
    assert worklist.open_entries(database) == []
    assert worklist.match(database, "imaging", Facts(accession_number="A1", patient_id="P1")) == entry()
    assert worklist.match(database, "imaging", Facts(accession_number="A1", patient_id="P2")) is None


def test_a_number_nobody_ordered_is_passed_over(database: Database) -> None:
    assert worklist.match(database, "imaging", Facts(accession_number="1")) is None
    assert order_of(None, "urgent").body == {"priority": "urgent", "patient": {}}


def test_the_higher_priority_counts() -> None:
    assert order_of(entry(), "stat").priority == "stat"


def test_the_order_is_the_same_bytes_each_time() -> None:
    assert (
        order_of(entry(patient_name="测试甲"), "routine").json == order_of(entry(patient_name="测试甲"), "routine").json
    )


def test_the_study_uid_of_an_order_is_always_the_same_and_valid() -> None:
    uid = entry().study_uid
    assert uid == entry().study_uid != entry("A2").study_uid
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
