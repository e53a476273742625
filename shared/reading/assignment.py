"""Which hospital reads a case: decided from the sites' policies alone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.events.directory import SitePolicy


@dataclass(frozen=True, slots=True)
class ExamFacts:
    """``excluded``: sites that had the case and passed it on or let it become overdue."""

    clinic_id: str
    modality: str | None
    excluded: frozenset[str] = frozenset()


def choose_reading_site(
    policies: Iterable[SitePolicy], exam: ExamFacts, queue_lengths: Mapping[str, int]
) -> str | None:
    """The site to read it, None where nobody may.

    First those with room, since ``max_queue`` asks the next site and not nobody: where all are full, the preferred one
    takes it all the same. Then those who read for this clinic before those who read for anyone, and last those who
    read for others; then ``rank``; then the shorter queue.
    """

    def preference(policy: SitePolicy) -> tuple[bool, int, int, int, str]:
        waiting = queue_lengths.get(policy.reading_site_id, 0)
        is_full = policy.max_queue is not None and waiting >= policy.max_queue
        return is_full, _closeness(policy, exam.clinic_id), policy.rank, waiting, policy.reading_site_id

    willing = [policy for policy in policies if may_read(policy, exam)]
    return min(willing, key=preference).reading_site_id if willing else None


def may_read(policy: SitePolicy, exam: ExamFacts) -> bool:
    reads_kind = not policy.modalities or exam.modality is None or exam.modality in policy.modalities
    return policy.accepts and reads_kind and policy.reading_site_id not in exam.excluded


def _closeness(policy: SitePolicy, clinic_id: str) -> int:
    if clinic_id in policy.clinics:
        return 0
    return 1 if not policy.clinics else 2
