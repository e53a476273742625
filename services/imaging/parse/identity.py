"""The UIDs by which an instance is known (PS3.3: type 1, all four). Without one of them it has no place."""

import re
from typing import NamedTuple

from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.remark import Remark
from services.imaging.parse.values import Values

LAST_UID = 0x0020000E
"""The last of their tags: elements stand in the order of their tags (PS3.5 7.1)."""

_CONFORMING_UID = re.compile(r"[0-9.]{1,64}")
USABLE_UID = r"^[0-9A-Za-z][0-9A-Za-z.\-]{0,127}$"
_USABLE_UID = re.compile(USABLE_UID)


class Identity(NamedTuple):
    sop_instance: str
    study: str
    series: str
    sop_class: str


def read_identity(values: Values, remarks: set[Remark]) -> Identity:
    """Raises Refused with the code of the first that is missing."""
    uids = []
    for tag, missing in (
        (0x00080018, FailureCode.MISSING_SOP_INSTANCE_UID),
        (0x0020000D, FailureCode.MISSING_STUDY_UID),
        (LAST_UID, FailureCode.MISSING_SERIES_UID),
        (0x00080016, FailureCode.MISSING_SOP_CLASS),
    ):
        uid = values.uid(tag)
        if not uid:
            raise Refused(missing)
        check_uid(uid, remarks)
        uids.append(uid)
    return Identity(*uids)


def check_uid(uid: str, remarks: set[Remark]) -> None:
    """PS3.5 9.1 allows digits and dots, at most 64. Anonymizers write hexadecimal digests and longer numbers, which
    identify just as well; refused is what could not stand in a URL or a path."""
    if not _USABLE_UID.fullmatch(uid):
        raise Refused(FailureCode.INVALID_UID)
    if not _CONFORMING_UID.fullmatch(uid):
        remarks.add(Remark.UID_NONCONFORMING)
