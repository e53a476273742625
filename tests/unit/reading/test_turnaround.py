"""What is promised, and how numbers are made."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.events.directory import SitePolicy
from shared.reading.workflow.opening import new_number
from shared.reading.workflow.turnaround import due_at, rank_of

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(("priority", "minutes"), [("stat", 10), ("urgent", 30), ("routine", 120)])
def test_the_regions_targets(priority: str, minutes: int) -> None:
    assert due_at(START, priority) == START + timedelta(minutes=minutes)


def test_a_sites_policy_overrides_its_priorities_only() -> None:
    policy = SitePolicy(reading_site_id="a", center="imaging", target_s={"stat": 300})
    assert due_at(START, "stat", policy) == START + timedelta(seconds=300)
    assert due_at(START, "urgent", policy) == START + timedelta(minutes=30)


def test_stat_is_read_before_urgent_before_routine() -> None:
    assert sorted(("routine", "stat", "urgent"), key=rank_of) == ["stat", "urgent", "routine"]


def test_a_made_accession_number_fits_dicom_and_can_be_read_out() -> None:
    numbers = {new_number("imaging") for _ in range(50)}
    assert len(numbers) == 50
    assert all(re.fullmatch(r"I\d{6}-[0-9A-HJKMNP-TV-Z]{8}", number) and len(number) == 16 for number in numbers)
