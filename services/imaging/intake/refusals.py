"""An upload of images that is not taken, as the answer the clinic gets."""

from services.imaging.intake.sorting import Sorted
from services.imaging.parse.refusal import FailureCode
from shared.errors import GongzhenError
from shared.reading.workflow import refusals

SUPPORTED = ["application/dicom", "application/zip"]
_UNKNOWN_KINDS = frozenset({FailureCode.NOT_DICOM, FailureCode.UNSUPPORTED_ARCHIVE})


def refusal_error(found: Sorted, limits: dict[str, int]) -> GongzhenError:
    codes = {refusal.code for refusal in found.refusals}
    is_of_no_kind = codes <= _UNKNOWN_KINDS and not found.images
    return refusals.refusal_error(found.refusals, limits=limits, supported=SUPPORTED, is_of_no_kind=is_of_no_kind)
