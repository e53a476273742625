"""What is signed: the fields of 卫医发〔2006〕73号, and how each result came to stand.

The patient, the times of receipt and report, the operator and the reviewer are the document's and its signatures'.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.lab.report_form.form import Acknowledged
from shared.signing.document import Moment

Flag = Literal["L", "H", "LL", "HH", "A", "N", ""]
ReportedStatus = Literal["preliminary", "final", "corrected"]
FLAG_SIGNS: dict[Flag, str] = {"L": "↓", "H": "↑", "LL": "↓↓", "HH": "↑↑", "A": "*", "N": "", "": ""}


class _Part(BaseModel):
    """``extra`` is forbidden: a field nobody knows must not be signed by accident."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpecimenSaid(_Part):
    number: str
    type: str
    condition: str
    collected_at: Moment | None
    received_at: Moment | None


class EarlierValue(_Part):
    value: str
    at: Moment


class HoldPassed(_Part):
    """A rule's hold that the report's author let pass."""

    code: str
    text: str


class Correction(_Part):
    """The technologist's own: ``was`` is what was measured, the item's ``value`` is what it ``is`` now."""

    was: str
    reason: str


class ItemSaid(_Part):
    """``value`` as it is printed, never a float. ``status``: ``corrected`` where the analyzer sent it again or the
    technologist corrected it. ``holds_passed`` are empty where every rule let the value pass."""

    item: str
    name: str
    name_en: str
    loinc: str
    value: str
    unit: str
    interval: str
    flag: Flag
    is_critical: bool
    is_diagnostic: bool
    method: str
    analyzer: str
    measured_at: Moment | None
    status: ReportedStatus
    group: str
    previous: EarlierValue | None
    correction: Correction | None
    holds_passed: list[HoldPassed]
    hold_reason: str


class ItemWithheld(_Part):
    item: str
    name: str
    reason: str


class ItemMissing(_Part):
    item: str
    name: str


class Change(_Part):
    """Of an amendment: what the released version said of an item or a text, and what this one says. Empty where it said
    nothing."""

    item: str
    name: str
    was: str
    now: str


class Authorisation(_Part):
    """The standing authorisation under which results that passed every rule are released."""

    authorisation_id: str
    person: str
    rule_set: str


class LabContent(_Part):
    """``rule_set`` judged the results, as ``key@version``; ``recognised``: items that may be marked 互认."""

    laboratory: str
    specimen: SpecimenSaid
    items: list[ItemSaid]
    withheld: list[ItemWithheld]
    missing: list[ItemMissing]
    rule_set: str
    authorisation: Authorisation | None
    recognised: list[str]
    changes: list[Change]
    comment: str
    impression: str
    findings: str
    technique: str
    positive: bool | None
    acknowledged: list[Acknowledged]
