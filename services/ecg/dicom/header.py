"""What the caller adds to a recording, and the modules above the waveform: patient, study, series, equipment."""

import re
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset

from services.ecg.parse.recording import PatientFacts, Recording
from shared.clock import to_shanghai

_AGE = re.compile(r"(\d{1,3})([DWMY])")


@dataclass(frozen=True, slots=True)
class WaveformHeader:
    """UIDs are the caller's (uids.uid_of). ``patient`` and ``accession_number`` are the case's; without them the
    cart's stand. ``created_at``: aware; also the time of a recording whose own is unknown."""

    study_uid: str
    series_uid: str
    instance_uid: str
    created_at: datetime
    patient: PatientFacts | None = None
    accession_number: str | None = None
    issuer_of_patient_id: str = ""
    institution: str = ""
    study_description: str = ""
    study_id: str = ""
    series_number: int = 1
    instance_number: int = 1


def header_of(recording: Recording, header: WaveformHeader) -> Dataset:
    """Every attribute of type 1 and 2 of PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.5.1, C.10.8 and C.12.1."""
    recorded_at = to_shanghai(recording.recorded_at or header.created_at)
    created_at = to_shanghai(header.created_at)
    patient = header.patient or recording.patient
    accession_number = recording.accession_number if header.accession_number is None else header.accession_number
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.InstanceCreationDate = f"{created_at:%Y%m%d}"
    data_set.InstanceCreationTime = f"{created_at:%H%M%S}"
    data_set.SOPInstanceUID = header.instance_uid
    data_set.StudyDate = data_set.ContentDate = f"{recorded_at:%Y%m%d}"
    data_set.StudyTime = data_set.ContentTime = f"{recorded_at:%H%M%S.%f}"
    data_set.AcquisitionDateTime = f"{recorded_at:%Y%m%d%H%M%S.%f%z}"
    data_set.TimezoneOffsetFromUTC = f"{recorded_at:%z}"
    # A number cut to the 16 characters of SH is another's number.
    data_set.AccessionNumber = accession_number if len(accession_number) <= 16 else ""
    data_set.Modality = "ECG"
    data_set.Manufacturer = _text(recording.device.manufacturer)
    data_set.ManufacturerModelName = _text(recording.device.model)
    data_set.DeviceSerialNumber = _text(recording.device.serial)
    data_set.SoftwareVersions = _text(recording.device.software)
    data_set.ReferringPhysicianName = ""
    data_set.PatientName = _person_name(patient.name)
    data_set.PatientID = _text(patient.id)
    data_set.PatientBirthDate = f"{patient.birth_date:%Y%m%d}" if patient.birth_date else ""
    data_set.PatientSex = patient.sex
    age = _AGE.fullmatch(patient.age or "")
    if age:
        data_set.PatientAge = f"{int(age[1]):03}{age[2]}"
    data_set.StudyInstanceUID = header.study_uid
    data_set.SeriesInstanceUID = header.series_uid
    data_set.StudyID = _text(header.study_id, 16)
    data_set.SeriesNumber = header.series_number
    data_set.InstanceNumber = header.instance_number
    if header.issuer_of_patient_id:
        data_set.IssuerOfPatientID = _text(header.issuer_of_patient_id)
    if header.institution:
        data_set.InstitutionName = _text(header.institution)
    if header.study_description:
        data_set.StudyDescription = _text(header.study_description)
    return data_set


def _text(text: str, limit: int = 64) -> str:
    """A backslash would divide the value, and a control character has no place in it."""
    return "".join(c for c in text.replace("\\", "/") if c.isprintable())[:limit].strip()


def _person_name(name: str) -> str:
    """Chinese stands in the first group too: many viewers show no other."""
    plain = _text(name.replace("=", " "))
    return plain if plain.isascii() else f"{plain}={plain}"
