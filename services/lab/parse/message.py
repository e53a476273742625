"""One message as every reader of a protocol answers it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class MessagePatient:
    """As the message has it; empty where it says nothing."""

    id: str = ""
    name: str = ""
    sex: Literal["M", "F", "O", ""] = ""
    birth_date: date | None = None


class LineStatus(StrEnum):
    """HL7 table 0085 reduced to what changes a value's life."""

    preliminary = "preliminary"  # P, R, S, I
    final = "final"  # F and where nothing is said
    corrected = "corrected"  # C
    deleted = "deleted"  # D, W, X: no result will come, or it was wrong


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One OBX, one ASTM R record, one Observation. ``value`` is the text as it was sent, never converted here.

    ``code`` is the sender's; ``loinc`` only where the message itself says so. ``flags`` are the sender's abnormal and
    instrument flags. ``set_id`` and ``sub_id`` tell repeats apart. ``comments``: NTE and C records.
    ``value_code``: of a coded value, whose text is ``value``. ``attachment``: a picture or document that the message
    carries in its place (``image/BMP, 12345 characters``); it stays in the raw message.
    """

    code: str
    name: str = ""
    coding_system: str = ""
    loinc: str = ""
    value: str = ""
    value_type: str = ""
    unit: str = ""
    reference_text: str = ""
    flags: tuple[str, ...] = ()
    status: LineStatus = LineStatus.final
    observed_at: datetime | None = None
    analyzer: str = ""
    operator: str = ""
    set_id: str = ""
    sub_id: str = ""
    dilution: str = ""
    comments: tuple[str, ...] = ()
    value_code: str = ""
    attachment: str = ""


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """A control specimen: lot and level as the analyzer names them; empty where it does not say.

    ``role``: a calibrator's, a blank's and a proficiency specimen's values are no patient's and no control run either.
    """

    lot: str
    level: str
    name: str = ""
    role: Literal["control", "calibrator", "blank", "proficiency"] = "control"


@dataclass(frozen=True, slots=True)
class SpecimenGroup:
    """The lines of one specimen. ``specimen_number`` is what the barcode said; empty where the sender has only the
    order's ``accession_number``. ``control``: not a patient's."""

    specimen_number: str
    lines: tuple[ResultLine, ...]
    accession_number: str = ""
    patient: MessagePatient = MessagePatient()
    specimen_type: str = ""
    collected_at: datetime | None = None
    requested_codes: tuple[str, ...] = ()
    control: ControlFacts | None = None
    comments: tuple[str, ...] = ()  # of the order, the specimen or the patient


@dataclass(frozen=True, slots=True)
class HostQuery:
    """An analyzer asks what it should do with a tube. ``specimen_numbers`` empty: for all that wait.

    ``reply`` is the form it expects: what ``ack.answer_query`` and ``astm_records.write_answers`` write.
    """

    specimen_numbers: tuple[str, ...]
    query_id: str = ""
    reply: Literal["rsp_k11", "dsr_q03", "orr_o02", "astm"] = "rsp_k11"


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """What is to be done with one tube: ``items`` are pairs of the analyzer's code and name, in the order of work."""

    specimen_number: str
    patient: MessagePatient
    items: tuple[tuple[str, str], ...]
    priority: Literal["stat", "urgent", "routine"] = "routine"
    specimen_type: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """``message_id`` is the sender's (MSH-10); with ``sender`` and the digest of the bytes it tells a repeat from news.

    ``remarks``: codes of what was forgiven (charset_assumed, time_without_zone …).
    """

    protocol: Literal["hl7", "astm", "fhir", "json"]
    kind: str
    message_id: str
    sender: str
    groups: tuple[SpecimenGroup, ...] = ()
    queries: tuple[HostQuery, ...] = ()
    sent_at: datetime | None = None
    charset: str = "utf-8"
    remarks: tuple[str, ...] = ()
    raw: bytes = field(default=b"", repr=False, compare=False)

    @property
    def refused_as(self) -> "RejectCode | None":
        """Of a message in a batch that could not be read while the others could."""
        codes = [remark.removeprefix("rejected:") for remark in self.remarks if remark.startswith("rejected:")]
        return RejectCode(codes[0]) if codes else None


class RejectCode(StrEnum):
    not_hl7 = "message_not_hl7"
    broken = "message_broken"
    unsupported = "message_unsupported"
    charset = "message_charset"
    too_large = "message_too_large"
    nothing_in_it = "message_empty"


@dataclass(slots=True, eq=False)  # not frozen: a context manager that it passes through sets its traceback
class Rejected(Exception):
    """The message cannot be read: AR (or AE) with ``detail``, which is Chinese and quotes no patient."""

    code: RejectCode
    detail: str
    message_id: str = ""
