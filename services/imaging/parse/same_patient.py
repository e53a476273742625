"""Are all files of an upload of one patient? A CD of two patients must not become one case.

One patient: the same non-empty id (and issuer), however the name is spelt; or different ids, but the same name and
nothing that contradicts it. Everything else is two.
"""

import re
import unicodedata

from services.imaging.parse.patient import PatientFacts
from services.imaging.parse.person_name import parse_person_name
from services.imaging.parse.remark import Remark

_NO_LETTER = re.compile(r"[\W_]+")


class PatientCheck:
    """Fed with every file; keeps the distinct patients it met, which are few."""

    def __init__(self) -> None:
        self._seen: list[PatientFacts] = []
        self.remarks: set[Remark] = set()
        self.is_one_patient = True

    def add(self, patient: PatientFacts) -> None:
        if patient in self._seen:
            return
        for other in self._seen:
            if _same_id(patient, other):
                if not _names_agree(patient, other):
                    self.remarks.add(Remark.PATIENT_NAME_DIFFERS)
            elif _names_agree(patient, other) and not _contradict(patient, other):
                self.remarks.add(Remark.PATIENT_ID_DIFFERS)
            else:
                self.is_one_patient = False
        # Two are enough to know; a hostile upload of 20,000 patients would make this quadratic.
        if self.is_one_patient:
            self._seen.append(patient)


def _same_id(one: PatientFacts, other: PatientFacts) -> bool:
    if _key(one.id) != _key(other.id):
        return False
    if not one.id.strip():
        return _names_agree(one, other) and not _contradict(one, other)
    # An issuer that only one of two files names does not make two patients.
    return not (one.issuer and other.issuer) or _key(one.issuer) == _key(other.issuer)


def _names_agree(one: PatientFacts, other: PatientFacts) -> bool:
    """A group in common: ``ZHANG^SAN=张^三`` agrees with ``张三`` and with ``Zhang San``."""
    mine, others = _name_keys(one), _name_keys(other)
    return bool(mine & others) or (not mine and not others)


def _name_keys(patient: PatientFacts) -> set[str]:
    name = parse_person_name(patient.name_text)
    keys = {_key(group) for group in (name.alphabetic, name.ideographic, name.phonetic)}
    return keys - {""}


def _contradict(one: PatientFacts, other: PatientFacts) -> bool:
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return True
    return {one.sex, other.sex} == {"M", "F"}


def _key(text: str) -> str:
    """Without case, width, spaces and punctuation."""
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", text)).casefold()
