"""What a file says of the patient. The order wins over it; a contradiction is for the reader to see."""

from dataclasses import dataclass
from datetime import date

from services.imaging.parse.moments import parse_age, parse_date
from services.imaging.parse.person_name import PersonName
from services.imaging.parse.values import Values

_SEXES = {"M": "M", "F": "F", "O": "O", "男": "M", "女": "F"}


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """``name`` is for showing (Chinese where there is any), ``name_text`` the whole PN. ``sex`` M, F, O or "";
    ``age`` like ``65Y``."""

    id: str
    issuer: str
    name: str
    name_text: str
    sex: str
    birth_date: date | None
    age: str | None


def read_patient(values: Values) -> PatientFacts:
    name: PersonName = values.name(0x00100010)
    return PatientFacts(
        id=values.text(0x00100020),
        issuer=values.text(0x00100021),
        name=name.display,
        name_text=name.text,
        sex=_SEXES.get(values.text(0x00100040).upper()[:1], ""),
        birth_date=parse_date(values.text(0x00100030)),
        age=parse_age(values.text(0x00101010)),
    )
