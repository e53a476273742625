"""Which hospital reads a case."""

from typing import Any

import pytest

from shared.events.directory import SitePolicy
from shared.reading.assignment import ExamFacts, choose_reading_site

EXAM = ExamFacts("org_c1", "DX")


def site(org_id: str, **policy: Any) -> SitePolicy:
    return SitePolicy(reading_site_id=org_id, center="imaging", **policy)


@pytest.mark.parametrize(
    ("policies", "queues", "chosen"),
    [
        ([], {}, None),
        ([site("a", accepts=False)], {}, None),
        ([site("a", modalities=["CT"]), site("b", modalities=["DX", "CR"], rank=200)], {}, "b"),
        ([site("a", rank=2), site("b", rank=1)], {}, "b"),
        ([site("a"), site("b", clinics=["org_c1"], rank=900)], {}, "b"),
        ([site("a", rank=900), site("b", clinics=["org_c9"], rank=1)], {}, "a"),
        ([site("b", clinics=["org_c9"])], {}, "b"),
        ([site("a", rank=1, max_queue=5), site("b", rank=2)], {"a": 5}, "b"),
        ([site("a", rank=1, max_queue=5), site("b", rank=2)], {"a": 4}, "a"),
        ([site("a", rank=1, max_queue=5), site("b", rank=2, max_queue=1)], {"a": 5, "b": 9}, "a"),
        ([site("a"), site("b")], {"a": 2, "b": 1}, "b"),
    ],
    ids=[
        "no site",
        "site that accepts nothing",
        "the modality decides",
        "the lower rank",
        "the clinic's own site first",
        "anybody's site before another clinic's",
        "another clinic's site rather than nobody",
        "a full site asks the next",
        "one below full is not full",
        "all full: the preferred one all the same",
        "equal sites: the shorter queue",
    ],
)
def test_the_site_is_chosen_by_policy(policies: list[SitePolicy], queues: dict[str, int], chosen: str | None) -> None:
    assert choose_reading_site(policies, EXAM, queues) == chosen


def test_a_site_that_had_the_case_is_not_asked_again() -> None:
    exam = ExamFacts("org_c1", "DX", frozenset({"a"}))
    assert choose_reading_site([site("a", rank=1), site("b", rank=2)], exam, {}) == "b"
    assert choose_reading_site([site("a")], exam, {}) is None


def test_an_exam_of_unknown_modality_goes_to_whoever_reads() -> None:
    assert choose_reading_site([site("a", modalities=["CT"])], ExamFacts("org_c1", None), {}) == "a"
