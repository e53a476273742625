"""The critical-result loop (危急值), for every centre. Each function runs in its caller's transaction.

``find(session, actor, case_id, Finding(…))`` is for intakes and rules; the other steps are people's.

opening     find (a suspicion), open_verified (a reader's own)
steps       verify, notify, acknowledge, telephone, act, close, dismiss, recall_patient
read_back   is what the receiver typed what was found
alarms      who is pressed when; sweeps raise the alarms and tell a reading site that comes late
apply       the one place where a result's state is written; snapshot tells; stated: what a report says
"""

from shared.reading.finding import Finding
from shared.reading.workflow.criticals.opening import find, open_verified
from shared.reading.workflow.criticals.steps import (
    Call,
    ReadBack,
    acknowledge,
    act,
    close,
    dismiss,
    notify,
    recall_patient,
    telephone,
    verify,
)

__all__ = [
    "Call",
    "Finding",
    "ReadBack",
    "acknowledge",
    "act",
    "close",
    "dismiss",
    "find",
    "notify",
    "open_verified",
    "recall_patient",
    "telephone",
    "verify",
]
