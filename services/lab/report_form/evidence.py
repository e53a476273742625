"""What a laboratory report stands on: the specimen, and its results as the rules judged them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.lab.report_form.content import Flag, LabContent, ReportedStatus
from services.lab.rules.facts import Judgement, Reason


@dataclass(frozen=True, slots=True)
class SpecimenFacts:
    """``number`` is what the barcode says; ``type`` 静脉血 and ``condition`` 合格 or 轻度溶血 are Chinese. ``refused``:
    why, empty where it was not."""

    number: str
    type: str
    condition: str = ""
    collected_at: datetime | None = None
    received_at: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Previous:
    """The patient's last released value of the item, in the same unit."""

    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """``value_text``, ``unit`` and ``interval_text`` as they are printed; ``name_en`` the usual abbreviation (WBC).
    ``held_by``: empty where every rule lets it pass. ``group``: the subheading it stands under (尿沉渣), or empty."""

    item: str
    name: str
    value_text: str
    unit: str = ""
    interval_text: str = ""
    flag: Flag = ""
    name_en: str = ""
    loinc: str = ""
    is_critical: bool = False
    held_by: tuple[Reason, ...] = ()
    method: str = ""
    analyzer: str = ""
    measured_at: datetime | None = None
    reported_status: ReportedStatus = "final"
    previous: Previous | None = None
    is_diagnostic: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class MissingItem:
    """Ordered of this specimen, and without a result yet."""

    item: str
    name: str


@dataclass(frozen=True, slots=True)
class StandingAuthorisation:
    """``person`` is who answers for what the rules release by themselves."""

    authorisation_id: str
    person: str
    rule_set: str


@dataclass(frozen=True, slots=True)
class LabEvidence:
    """``results`` in the order of the sheet. ``corrections``: by item, the rules' judgement of each value that the form
    corrects, so that it is flagged and held as a measured one is. ``recognised``: items whose external assessment
    holds today. ``released``: the content of the case's released version, where there is one."""

    laboratory: str
    specimen: SpecimenFacts
    results: tuple[ResultFacts, ...] = ()
    missing: tuple[MissingItem, ...] = ()
    rule_set: str = ""
    corrections: Mapping[str, Judgement] = field(default_factory=dict)
    authorisation: StandingAuthorisation | None = None
    recognised: frozenset[str] = frozenset()
    released: LabContent | None = None
