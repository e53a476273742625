"""Why a file is not taken, and what is said of one that is taken with a doubt."""

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    not_ecg = "not_ecg"  # no reader knows these bytes
    format_broken = "ecg_format_broken"  # a known format whose structure leads nowhere
    format_unsupported = "ecg_format_unsupported"  # a known relative that this centre does not read
    no_waveform = "ecg_no_waveform"
    too_long = "ecg_too_long"
    too_short = "ecg_too_short"
    too_large = "ecg_too_large"
    samples_invalid = "ecg_samples_invalid"
    companion_missing = "ecg_companion_missing"
    unsafe_xml = "ecg_unsafe_xml"


class Remark(StrEnum):
    """What a reader forgave; the physician is told (intake turns them into warnings)."""

    checksum_wrong = "ecg_checksum_wrong"
    time_missing = "ecg_time_missing"
    scale_assumed = "ecg_scale_assumed"
    samples_missing = "ecg_samples_missing"
    leads_ignored = "ecg_leads_ignored"
    charset_assumed = "charset_assumed"


@dataclass(slots=True, unsafe_hash=True)  # not frozen: contextlib sets an exception's traceback
class Refused(Exception):
    """``detail`` is Chinese, says what to do, and quotes no patient."""

    code: RefusalCode
    detail: str
