"""Citizen identity numbers, GB 11643-1999: 17 digits and a check character (ISO 7064 MOD 11-2)."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

_SHAPE = re.compile(r"[1-9]\d{16}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@dataclass(frozen=True, slots=True)
class NationalId:
    birth_date: date
    sex: Literal["M", "F"]


def read_national_id(number: str) -> NationalId | None:
    """What the number itself says, or None when it is not one: wrong shape, check character or day of birth."""
    if not _SHAPE.fullmatch(number):
        return None
    if _CHECK[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11] != number[17]:
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return NationalId(born, "M" if int(number[16]) % 2 else "F")
