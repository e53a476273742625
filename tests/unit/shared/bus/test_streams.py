"""The region's streams and the subjects that fall into them."""

import pytest

from shared.bus.streams import StreamLimits, matches, plan_streams


@pytest.mark.parametrize(
    ("pattern", "subject", "does"),
    [
        ("imaging.>", "imaging.case.received.v1", True),
        ("imaging.>", "imaging", False),
        ("imaging.*", "imaging.case.received", False),
        ("imaging.*.received", "imaging.case.received", True),
        ("deadletter.*.*", "deadletter.replay.imaging.q", False),
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("a.b.>", "a.c.d", False),
        (">", "a", True),
    ],
)
def test_wildcards_match_as_in_nats(pattern: str, subject: str, does: bool) -> None:
    assert matches(pattern, subject) is does


def test_no_subject_falls_into_two_streams_and_announcements_into_none() -> None:
    specs = plan_streams(StreamLimits())
    for subject in ("imaging.x", "ecg.x", "lab.x", "gateway.x", "directory.x", "deadletter.x"):
        assert len([spec for spec in specs if matches(spec.subject, subject)]) == 1
    assert not any(matches(spec.subject, "live.worklist") for spec in specs)


def test_only_the_directory_is_compacted_and_never_ages() -> None:
    compacted = [spec for spec in plan_streams(StreamLimits()) if spec.is_compacted]
    assert [(spec.name, spec.max_age_s) for spec in compacted] == [("DIRECTORY", 0.0)]
