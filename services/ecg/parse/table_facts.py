"""The keys that a CSV's comment lines and a JSON's object share (docs/ecg-formats.md), and what they mean."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeVar

from services.ecg.parse import limits
from services.ecg.parse.leads import canonical
from services.ecg.parse.recording import CartMeasurements, Device, Filters, Microvolts, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused
from shared.chinese import chinese, strict
from shared.clock import SHANGHAI

MAX_BYTES = 48 << 20  # 4 million samples of twelve characters
Value = TypeVar("Value")
_PER_UNIT = {"uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1000.0}
_SEX: Mapping[str, Literal["M", "F", "O"]] = {"m": "M", "f": "F", "o": "O", "男": "M", "女": "F"}


def broken(detail: str) -> Refused:
    return Refused(RefusalCode.format_broken, detail)


def text_of(data: bytes) -> str:
    """UTF-8 with or without its mark, else GBK. Raises Refused."""
    if len(data) > MAX_BYTES:
        raise Refused(RefusalCode.too_large, f"表格文件超过 {MAX_BYTES >> 20} MB；本中心只读静息心电图。")
    text = strict(data, "utf-8-sig")
    if text is None:
        text = chinese(data)
    if text is None:
        raise broken("文件的文字既不是 UTF-8 也不是 GBK，请另存为 UTF-8。")
    return text


def recording_of(format: str, facts: Mapping[str, str], statements: Sequence[str], names: Sequence[str],
                 samples: Microvolts) -> Recording:  # fmt: skip
    """``samples``: shape (leads, samples) in the file's unit. ``facts``: by key in lower case. Raises Refused where
    the rate or the unit is missing: neither can be guessed, and a wrong one is a wrong diagnosis."""
    known = [name for name in map(canonical, names) if name]
    if len(known) != len(set(known)):
        raise broken("同一导联出现了两次，请每个导联只保留一列。")
    rate = _rate(facts.get("sampling_rate_hz", ""))
    unit = facts.get("unit", "").strip().lower()
    if unit not in _PER_UNIT:
        raise broken("缺少或不认识单位：请写明 unit: uV 或 unit: mV。")
    patient = PatientFacts(
        id=facts.get("patient_id", ""),
        name=facts.get("patient_name", ""),
        sex=_SEX.get(facts.get("sex", "").strip().lower(), ""),
        birth_date=_read("birth_date", facts, date.fromisoformat, "1953-05-08"),
        age=facts.get("age") or None,
    )
    return Recording(
        format=format,
        sampling_rate_hz=rate,
        leads=tuple(names),
        microvolts=samples * _PER_UNIT[unit],
        recorded_at=_read("recorded_at", facts, _moment, "2026-03-01T08:30:00"),
        accession_number=facts.get("accession_number", ""),
        patient=patient,
        device=Device(**{part.name: facts.get(part.name, "") for part in fields(Device)}),
        filters=Filters(**_numbers(Filters, facts)),
        cart=CartMeasurements(**_numbers(CartMeasurements, facts)),
        statements=tuple(statements),
    )


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not limits.MIN_RATE_HZ <= rate <= limits.MAX_RATE_HZ:
        raise broken("缺少或不认识采样率：请写明每秒采样数，例如 sampling_rate_hz: 500。")
    return rate


def _numbers(kind: type[Filters] | type[CartMeasurements], facts: Mapping[str, str]) -> dict[str, Any]:
    found = {part.name: _read(part.name, facts, float, "数字") for part in fields(kind)}
    return {name: number if number is not None and math.isfinite(number) else None for name, number in found.items()}


def _read(key: str, facts: Mapping[str, str], read: Callable[[str], Value], example: str) -> Value | None:
    """The value of a key, None where there is none. What stands there must be readable: a time that is silently
    dropped puts the ECG in the wrong place among its neighbours."""
    written = facts.get(key, "").strip()
    if not written:
        return None
    try:
        return read(written)
    except (ValueError, OverflowError):
        raise broken(f"{key} 的写法无法识别，应如：{example}。") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)
