"""Modality worklist C-FIND (PS3.4 Annex K), answered from the cached orders, in the machine's own character set."""

import logging
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom.events import Event
from pypinyin import lazy_pinyin

from clinic.config import Peer
from clinic.dicom.peers import Peers
from clinic.spool.database import Database
from clinic.spool.worklist import Entry, open_entries
from shared.clock import to_shanghai, utc_now

logger = logging.getLogger(__name__)
PENDING = 0xFF00
CANCELED = 0xFE00
NOT_AUTHORIZED = 0xA700  # PS3.4 K.4.1.1.4 has no status of its own for it
_UNABLE = 0xC001
_MODALITIES = ("CR", "DX", "CT", "MR", "US", "MG", "XA", "RF", "ECG", "ES", "NM", "PT", "IO", "PX")


class WorklistAnswer:
    def __init__(self, database: Database, peers: Peers) -> None:
        self._database = database
        self._peers = peers

    def find(self, event: Event) -> Iterator[tuple[int, Dataset | None]]:
        peer = self._peers.of(event)
        if peer is None:
            yield NOT_AUTHORIZED, None
            return
        try:
            query = event.identifier
            asked = _Asked(query)
        except (ValueError, AttributeError, KeyError, NotImplementedError):
            yield _UNABLE, None
            return
        now = utc_now()
        for entry in open_entries(self._database):
            if event.is_cancelled:
                yield CANCELED, None
                return
            modality = modality_of(entry)
            if asked.matches(entry, modality, to_shanghai(now)):
                yield PENDING, answer_of(entry, modality or asked.modality or "OT", peer, now, asked.station)


def modality_of(entry: Entry) -> str:
    """The order's, else what its exam code begins with (``DX-CHEST-PA``); empty when neither says."""
    head = entry.exam_code.partition("-")[0].upper()
    return entry.modality or (head if head in _MODALITIES else "") or ("ECG" if entry.center == "ecg" else "")


class _Asked:
    """The matching keys (PS3.4 Table K.6-1). An empty one matches everything."""

    def __init__(self, query: Dataset) -> None:
        steps: Any = query.get("ScheduledProcedureStepSequence") or [Dataset()]
        step = steps[0]
        self.modality = _one(step.get("Modality"))
        self.station = _one(step.get("ScheduledStationAETitle"))
        self._dates = _one(step.get("ScheduledProcedureStepStartDate"))
        self._accession_number = _one(query.get("AccessionNumber"))
        self._patient_id = _one(query.get("PatientID"))
        self._name = _one(query.get("PatientName")).upper()
        self._study_uid = _one(query.get("StudyInstanceUID"))

    def matches(self, entry: Entry, modality: str, today: datetime) -> bool:
        return (
            _wild(self._accession_number, entry.short_number)
            and _wild(self._patient_id, entry.patient_id)
            and (not self._study_uid or self._study_uid == entry.study_uid)
            and (not self.modality or not modality or self.modality == modality)
            and _in_range(self._dates, today.strftime("%Y%m%d"))
            and self._is_named(entry)
        )

    def _is_named(self, entry: Entry) -> bool:
        """Machines ask in Chinese or in Latin letters, with or without carets."""
        wanted = self._name.replace("^", " ").strip()
        if not wanted:
            return True
        forms = [entry.patient_name.upper(), *(_pinyin(entry.patient_name, gap) for gap in (" ", ""))]
        return any(fnmatchcase(form, part) for form in forms for part in wanted.split("=") if part)


def answer_of(entry: Entry, modality: str, peer: Peer, now: datetime, station: str) -> Dataset:
    """One order. An order has no appointment: its step is due now, today (type 1 attributes may not be empty)."""
    local = to_shanghai(now)
    answer = Dataset()
    if peer.charset != "ASCII":
        answer.SpecificCharacterSet = peer.charset
    is_plain = peer.charset == "ASCII"
    answer.AccessionNumber = entry.short_number
    answer.ReferringPhysicianName = ""
    answer.PatientName = name_of(entry.patient_name, "pinyin" if is_plain else peer.names)
    answer.PatientID = _plain(entry.patient_id, is_plain)
    answer.PatientBirthDate = entry.birth_date.replace("-", "")
    answer.PatientSex = entry.sex if entry.sex in ("M", "F", "O") else ""
    answer.PatientAge = entry.age.zfill(4) if entry.age else ""
    answer.StudyInstanceUID = entry.study_uid
    answer.RequestedProcedureID = entry.short_number
    answer.RequestedProcedureDescription = _plain(entry.exam_name, is_plain)[:64]
    answer.RequestedProcedurePriority = {"stat": "STAT", "urgent": "HIGH"}.get(entry.priority, "ROUTINE")
    step = Dataset()
    step.Modality = modality
    step.ScheduledStationAETitle = station or peer.ae_title
    step.ScheduledProcedureStepStartDate = local.strftime("%Y%m%d")
    step.ScheduledProcedureStepStartTime = local.strftime("%H%M%S")
    step.ScheduledPerformingPhysicianName = ""
    step.ScheduledProcedureStepDescription = _plain(entry.exam_name, is_plain)[:64]
    step.ScheduledProcedureStepID = entry.short_number
    answer.ScheduledProcedureStepSequence = Sequence([step])
    return answer


def name_of(name: str, style: str) -> str:
    """PN (PS3.5 6.2.1): letters as the alphabetic group, Chinese as the ideographic one."""
    if name.isascii() or style == "chinese":
        return name
    letters = _pinyin(name, " ")
    return letters if style == "pinyin" else f"{letters}={name}"


def _pinyin(name: str, gap: str) -> str:
    return gap.join(lazy_pinyin(name)).upper() if not name.isascii() else name.upper()


def _plain(text: str, is_plain: bool) -> str:
    return _pinyin(text, " ").encode("ascii", "replace").decode() if is_plain else text


def _one(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _wild(pattern: str, value: str) -> bool:
    """``*`` and ``?`` (PS3.4 C.2.2.2.4); brackets are only characters."""
    return not pattern or fnmatchcase(value, pattern.replace("[", "[[]"))


def _in_range(asked: str, day: str) -> bool:
    since, dash, until = asked.partition("-")
    if not dash:
        return not since or since == day
    return (not since or since <= day) and (not until or day <= until)
