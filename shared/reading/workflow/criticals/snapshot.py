"""A critical result as its events and answers carry it."""

from collections.abc import Sequence
from datetime import timedelta

from shared.events.case import Card, Person
from shared.events.critical import CriticalSnapshot, CriticalStep
from shared.events.directory import CriticalPolicy
from shared.reading.models import Case, CriticalHistory, CriticalResult

_SAME = (
    "critical_id", "case_id", "center", "state", "code", "text", "value", "unit", "rule", "rule_set", "numbers",
    "found_at", "verified_at", "notified_at", "acknowledged_at", "acted_at", "closed_at", "patient_recalled_at",
    "people", "read_back", "telephoned", "told", "entered_at", "acted_text", "reason", "misreads", "unreached",
    "reminders", "escalations",
)  # fmt: skip


def critical_snapshot(critical: CriticalResult, case: Case) -> CriticalSnapshot:
    policy = policy_of_result(critical)
    notified, acknowledged = critical.notified_at, critical.acknowledged_at
    return CriticalSnapshot.model_validate(
        {
            **{name: getattr(critical, name) for name in _SAME},
            "critical_version": critical.version,
            "accession_number": case.accession_number,
            "clinic_id": case.clinic_id,
            "reading_site_id": case.reading_site_id,
            "card": Card.model_validate(case.card),
            "acknowledge_by": critical.found_at + timedelta(seconds=policy.acknowledge_s),
            "respond_by": notified + timedelta(seconds=policy.respond_s) if notified else None,
            "act_by": acknowledged + timedelta(seconds=policy.act_s) if acknowledged else None,
        }
    )


def policy_of_result(critical: CriticalResult) -> CriticalPolicy:
    return CriticalPolicy.model_validate(critical.policy)


def steps_of(history: Sequence[CriticalHistory], critical_id: str) -> list[CriticalStep]:
    return [step_of(each) for each in history if each.critical_id == critical_id]


def step_of(row: CriticalHistory) -> CriticalStep:
    by = Person(account_id=row.account_id, name=row.account_name, org_id=row.org_id)
    return CriticalStep(
        critical_version=row.critical_version,
        at=row.at,
        action=row.action,
        from_state=row.from_state,
        state=row.to_state,
        by=None if row.account_id == "system" else by,
        detail=row.detail,
    )
