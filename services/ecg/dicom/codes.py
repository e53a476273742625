"""Coded entries (PS3.3 8.8) of leads, lead systems and units."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from services.ecg.parse.dicom_codes import NUMBER_OF_LEAD
from services.ecg.parse.leads import STANDARD

MICROVOLT = ("uV", "UCUM", "microvolt")
_AUGMENTED = {
    "aVR": "aVR, augmented voltage, right",
    "aVL": "aVL, augmented voltage, left",
    "aVF": "aVF, augmented voltage, foot",
}


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    if scheme == "UCUM":
        item.CodingSchemeVersion = "1.4"
    return item


def lead_item(lead: str) -> Dataset:
    """Of PS3.16 CID 3001. The plain lead, also where it was computed: few viewers know the codes of derived leads."""
    return code_item(f"2:{NUMBER_OF_LEAD[lead]}", "MDC", _AUGMENTED.get(lead, f"Lead {lead}"))


def lead_system_item(leads: Sequence[str]) -> Dataset:
    """TID 3401, Lead System of CID 3263. Where the electrodes were is not known beyond the names of the leads."""
    item = Dataset()
    item.ValueType = "CODE"
    item.ConceptNameCodeSequence = [code_item("10:11345", "MDC", "Lead System")]
    value = ("10:11264", "MDC", "Unspecified 12-lead system")
    if set(leads) - set(STANDARD):
        value = ("10:11290", "MDC", "Standard 12-lead with extra leads to the right and/or left sides")
    if not set(leads) & set(STANDARD):
        value = ("10:11273", "MDC", "Unspecified XYZ lead system")
    item.ConceptCodeSequence = [code_item(*value)]
    return item
