"""Which data records of an EDF+D file follow each other without a gap."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.ecg.parse.edf_header import Header
from services.ecg.parse.refusal import RefusalCode, Refused

MIN_STRETCH_S = 5.0
_ONSET = re.compile(rb"([+-]\d{1,9}(?:\.\d{0,9})?)\x14\x14")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Data records ``first`` to ``last``, not included; ``onset_s`` after the start of the file."""

    first: int
    last: int
    onset_s: float = 0.0


def first_stretch(data: bytes, header: Header, record_count: int) -> Stretch:
    """The first of at least five seconds, told by the time-keeping annotation at each record's head. Raises Refused."""
    onsets = _onsets(data, header, record_count)
    tolerance_s = header.record_s / max(signal.per_record for signal in header.signals)
    first = 0
    for i in range(1, record_count + 1):
        if i < record_count and abs(onsets[i] - onsets[i - 1] - header.record_s) <= tolerance_s:
            continue
        if (i - first) * header.record_s >= MIN_STRETCH_S:
            return Stretch(first, i, onsets[first])
        first = i
    raise Refused(RefusalCode.too_short, "EDF+ 记录不连续，没有一段满 5 秒，请重新采集 10 秒。")


def _onsets(data: bytes, header: Header, record_count: int) -> Sequence[float]:
    at = 0
    for signal in header.signals:
        if signal.is_annotations:
            break
        at += signal.per_record * 2
    else:
        raise Refused(RefusalCode.format_broken, "EDF+ 不连续记录缺少时间标注，请重新导出。")
    found = []
    for number in range(record_count):
        start = header.size_bytes + number * header.record_samples * 2 + at
        match = _ONSET.match(data, start, start + signal.per_record * 2)
        if match is None:
            raise Refused(RefusalCode.format_broken, "EDF+ 不连续记录缺少时间标注，请重新导出。")
        found.append(float(match[1]))
    return found
