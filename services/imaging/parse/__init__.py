"""Reading what clinics send: DICOM files, ZIP archives, patient CDs. Pure and synchronous; raises only ``Refused``.

``UploadSorter`` takes a whole upload, ``read_instance`` one file; ``FailureCode`` and ``Remark`` are published.
"""

from services.imaging.parse.instance import Instance, PixelPlace, read_instance
from services.imaging.parse.limits import Limits
from services.imaging.parse.outcomes import Conclusion, Ignored, IgnoredReason, Outcome, RefusedFile, Taken
from services.imaging.parse.patient import PatientFacts
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.remark import Remark
from services.imaging.parse.sort_out import UploadSorter

__all__ = [
    "Conclusion",
    "FailureCode",
    "Ignored",
    "IgnoredReason",
    "Instance",
    "Limits",
    "Outcome",
    "PatientFacts",
    "PixelPlace",
    "Refused",
    "RefusedFile",
    "Remark",
    "Taken",
    "UploadSorter",
    "read_instance",
]
