"""The statement that the physicians sign: exactly what the JWS carries, the sheet prints and the gateway serves."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.signing.canonical import canonical_bytes, digest

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ReportStatus(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


class SignerRole(StrEnum):
    AUTHOR = "author"
    REVIEWER = "reviewer"


class Part(BaseModel):
    """``extra`` is forbidden: a field nobody knows must not be signed by accident."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Part):
    """An account of the region: ``id`` is what the certificate names."""

    id: str
    name: str


class Organization(Part):
    id: str
    name: str


class Patient(Part):
    """As the order says. ``issuer`` is the clinic whose local number ``id`` is; ``age`` is like ``65Y 8M 3W 12D``."""

    id: str
    issuer: str
    name: str
    sex: Literal["M", "F", "O", "U"] = "U"
    birth_date: date | None = None
    age: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}[YMWD]$")] | None = None
    national_id: str | None = None
    unknown: bool = False


class Exam(Part):
    """``modality`` is DICOM's (0008,0060), or ECG, LAB; ``method`` what was done beyond it (正位, 平扫)."""

    code: str
    name: str
    modality: str
    laterality: Literal["L", "R", "B"] | None = None
    body_part: str | None = None
    method: str | None = None
    performed_at: Moment | None = None


class Encounter(Part):
    type: Literal["outpatient", "inpatient", "emergency", "checkup"] | None = None
    number: str | None = None
    department: str | None = None
    ward: str | None = None
    bed: str | None = None


class Requester(Part):
    name: str


class CriticalFinding(Part):
    code: str
    text: str


class CaseWarning(Part):
    """What the reader was shown of the case's doubts when he signed, such as ``patient_mismatch``."""

    code: str
    detail: str


class Revision(Part):
    """审核修改: the reviewer changed the text; the author's signature stays on the version he signed."""

    version: int
    sha256: Sha256
    author: Person


class Amendment(Part):
    """修订: the released version that this one replaces."""

    version: int
    sha256: Sha256
    reason: str


class KeyImage(Part):
    """An image printed on the sheet; ``sha256`` is of the printed picture's bytes."""

    sop_instance_uid: str
    frame: int = 1
    sha256: Sha256


class ReportDocument(Part):
    """Version 1. A field with a default may be added; anything else is ``gongzhen.report.v2``.

    ``content`` is the centre's own form. ``author`` wrote the text; ``reviewer`` is named only where he revised it
    (``revises``), since otherwise the reviewer is whoever adds the second signature. ``signature_roles`` says
    which signatures make the report whole: fewer is a draft that left the house. ``received_at`` is the first
    byte of the upload. ``development`` says that the certificates come from the development authority.
    """

    schema_name: Literal["gongzhen.report.v1"] = "gongzhen.report.v1"
    report_id: str
    case_id: str
    center: str
    version: Annotated[int, Field(ge=1)]
    accession_number: str
    status: ReportStatus
    patient: Patient
    exam: Exam
    encounter: Encounter | None = None
    clinical_info: str | None = None
    requester: Requester | None = None
    clinic: Organization
    reading_site: Organization
    content: dict[str, Any]
    positive: bool | None = None
    critical: tuple[CriticalFinding, ...] = ()
    author: Person
    reviewer: Person | None = None
    written_at: Moment
    received_at: Moment
    revises: Revision | None = None
    amends: Amendment | None = None
    study_uids: tuple[str, ...] = ()
    key_images: tuple[KeyImage, ...] = ()
    warnings: tuple[CaseWarning, ...] = ()
    recognition_mark: str | None = None
    signature_roles: tuple[SignerRole, ...] = (SignerRole.AUTHOR, SignerRole.REVIEWER)
    verification_url: str
    development: bool

    def canonical(self) -> bytes:
        """The bytes that are signed. Raises ValueError where ``content`` holds what JSON cannot carry."""
        return canonical_bytes(self.model_dump(mode="json"))

    def sha256(self) -> str:
        return digest(self.canonical())


def signed_moment(moment: datetime) -> str:
    """A signing time as the headers and records carry it: UTC, whole seconds, ``2026-11-21T02:20:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
