"""When two records speak of one person: never by name."""

import re

_NATIONAL_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"


def usable_national_id(text: str | None) -> str | None:
    """The citizen's number in its one form, or None unless its check character holds (GB 11643, ISO 7064 MOD 11-2)."""
    if text is None:
        return None
    number = text.strip().upper()
    if not _NATIONAL_ID.fullmatch(number):
        return None
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return number if _CHECK_CHARACTERS[total % 11] == number[17] else None


def usable_patient_id(text: str | None, *, is_unknown: bool) -> str | None:
    """A clinic's local number, unless it stands for somebody nobody knows: two unknown patients are two persons."""
    if text is None or is_unknown or not text.strip():
        return None
    return text.strip()
