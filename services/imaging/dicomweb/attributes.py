"""Attributes by keyword or tag, and what each search answers with (PS3.18 Tables 10.6.3-3 to -5)."""

import re
from functools import lru_cache

from pydicom.datadict import dictionary_keyword, dictionary_VR, tag_for_keyword

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_REMEMBERED = 4096  # names come from clients too

STUDY = "study"
SERIES = "series"
INSTANCE = "instance"

# By level, what can be matched; a level has those of the levels above it too.
MATCHED = {
    STUDY: frozenset({
        "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber",
        "ReferringPhysicianName", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ModalitiesInStudy",
        "SOPClassesInStudy",
    }),
    SERIES: frozenset({
        "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "BodyPartExamined", "StationName",
    }),
    INSTANCE: frozenset({"SOPInstanceUID", "SOPClassUID", "InstanceNumber"}),
}  # fmt: skip

# What ``includefield`` may add to a study or series from its first instance, beside what every answer has: attributes
# of the patient, the study and (for a series) the series and its equipment (PS3.3 C.7.1, C.7.2, C.7.3, C.7.5). Of an
# instance it may add all.
_OF_STUDY = """
    TimezoneOffsetFromUTC PatientAge PatientWeight PatientSize PatientBirthTime PatientComments OtherPatientIDs
    EthnicGroup Occupation AdditionalPatientHistory IssuerOfPatientID InstitutionName InstitutionalDepartmentName
    NameOfPhysiciansReadingStudy PhysiciansOfRecord ProcedureCodeSequence
    AdmittingDiagnosesDescription StudyComments RequestingPhysician RequestingService RequestedProcedureDescription
    AdmissionID MedicalAlerts Allergies PregnancyStatus PatientIdentityRemoved
"""
_OF_SERIES = """
    SeriesDate SeriesTime PatientPosition ProtocolName OperatorsName PerformingPhysicianName
    PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID
    PerformedProcedureStepDescription RequestAttributesSequence Manufacturer ManufacturerModelName DeviceSerialNumber
    SoftwareVersions SeriesType FrameOfReferenceUID PositionReferenceIndicator
    SliceThickness KVP ContrastBolusAgent
"""


@lru_cache(_REMEMBERED)
def tag_of(name: str) -> str | None:
    """``00100010`` or ``PatientName`` → ``00100010``; None for what is no attribute."""
    if _TAG.fullmatch(name):
        return name.upper()
    tag = tag_for_keyword(name)
    return None if tag is None else f"{tag:08X}"


def keyword_of(tag: str) -> str:
    """ "" for a private or unknown tag."""
    try:
        return dictionary_keyword(int(tag, 16))
    except KeyError:
        return ""


@lru_cache(_REMEMBERED)
def vr_of(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16))[:2]
    except KeyError:
        return "UN"


def _tags(keywords: str) -> frozenset[str]:
    return frozenset(tag for keyword in keywords.split() if (tag := tag_of(keyword)) is not None)


ADDED = {STUDY: _tags(_OF_STUDY), SERIES: _tags(_OF_STUDY) | _tags(_OF_SERIES)}
