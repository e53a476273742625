"""The critical-result loop (危急值) as a table: found → verified → notified → acknowledged → acted → closed.

``notified`` says that the result was sent to the clinic; only ``acknowledged``, read back, says that the clinic has it
(检验专业医疗质量控制指标 CL-15: 通报时间 ends when the ward has it). Reminders, escalations, wrong read-backs and a
patient called back are steps that leave the state alone. The case's own state is no condition: a result stays open when
its case is canceled or its report void, until somebody closes it.
"""

from collections.abc import Iterable
from enum import StrEnum

from shared.events.critical import CriticalEventKind as Event
from shared.reading.lifecycle.states import By
from shared.reading.lifecycle.transition import Lifecycle, Transition


class CriticalState(StrEnum):
    found = "found"
    verified = "verified"
    notified = "notified"
    acknowledged = "acknowledged"
    acted = "acted"
    closed = "closed"
    false_alarm = "false_alarm"


class CriticalAction(StrEnum):
    find_ = "find"
    open = "open"
    verify = "verify"
    notify = "notify"
    miss = "miss"
    misread = "misread"
    acknowledge = "acknowledge"
    telephone = "telephone"
    act = "act"
    close = "close"
    dismiss = "dismiss"
    recall_patient = "recall_patient"
    remind = "remind"
    escalate = "escalate"
    address = "address"


_S, _A = CriticalState, CriticalAction
_SITE = (By.reader, By.reviewer, By.technologist)
_UNACKNOWLEDGED = (_S.verified, _S.notified)
_CONFIRMED = (*_UNACKNOWLEDGED, _S.acknowledged, _S.acted)
OPEN = (_S.found, *_CONFIRMED)
"""States in which somebody still has something to do."""
HOLDS_PATIENT_COPY = frozenset(_UNACKNOWLEDGED)


def _rows(
    sources: Iterable[str | None], action: CriticalAction, target: str | None, by: Iterable[By], event: Event
) -> list[Transition]:
    """``target`` None stays in the source."""
    return [Transition(source, action, target or str(source), frozenset(by), event) for source in sources]


CRITICAL = Lifecycle(
    "critical",
    (
        *_rows([None], _A.find_, _S.found, [By.system, *_SITE], Event.found),
        *_rows([None], _A.open, _S.verified, _SITE, Event.verified),
        *_rows([_S.found], _A.verify, _S.verified, _SITE, Event.verified),
        *_rows([_S.verified], _A.notify, _S.notified, [By.system, *_SITE], Event.notified),
        *_rows(_UNACKNOWLEDGED, _A.miss, None, [By.system, *_SITE], Event.unreached),
        *_rows(_UNACKNOWLEDGED, _A.misread, None, [By.clinic, *_SITE], Event.misread),
        *_rows(_UNACKNOWLEDGED, _A.acknowledge, _S.acknowledged, [By.clinic], Event.acknowledged),
        *_rows(_UNACKNOWLEDGED, _A.telephone, _S.acknowledged, _SITE, Event.acknowledged),
        *_rows([_S.acknowledged], _A.act, _S.acted, [By.clinic], Event.acted),
        *_rows([_S.acted], _A.close, _S.closed, _SITE, Event.closed),
        *_rows([_S.found], _A.dismiss, _S.false_alarm, [By.system, *_SITE], Event.false_alarm),
        *_rows(_CONFIRMED, _A.dismiss, _S.false_alarm, _SITE, Event.false_alarm),
        *_rows(_CONFIRMED, _A.recall_patient, None, [By.clinic, *_SITE], Event.patient_recalled),
        *_rows([_S.found, *_UNACKNOWLEDGED], _A.remind, None, [By.system], Event.reminded),
        *_rows([_S.found, *_UNACKNOWLEDGED, _S.acknowledged], _A.escalate, None, [By.system], Event.escalated),
        *_rows([_S.found], _A.address, None, [By.system], Event.found),
        *_rows(_CONFIRMED, _A.address, None, [By.system], Event.addressed),
    ),
)
