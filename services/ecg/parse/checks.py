"""What holds for every recording, whichever reader or plug-in it comes from."""

import unicodedata
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC

import numpy as np

from services.ecg.parse import limits
from services.ecg.parse.leads import with_derived_limb_leads, with_known_leads
from services.ecg.parse.recording import Device, Microvolts, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from shared.clock import SHANGHAI

MAX_AMPLITUDE_UV = 5_000_000.0  # 5 V: no electrode gives it; beyond it is a mark for "no value", or damage
MAX_TEXT, MAX_STATEMENT, MAX_STATEMENTS = 256, 2_000, 200


def checked(recording: Recording) -> Recording:
    """The recording with canonical leads, derived limb leads, finite values or NaN, storable text and its remarks.

    Raises Refused where limits (limits.py) are passed, no known lead is there, or no sample has a value.
    """
    _refuse_wrong_shape(recording)
    recording = with_known_leads(replace(recording, microvolts=_finite(recording.microvolts)))
    if not recording.leads or recording.microvolts.shape[1] == 0:
        raise Refused(RefusalCode.no_waveform, "文件中没有可识别导联的波形，请从心电图机导出含静息波形的文件。")
    _refuse_beyond_limits(recording)
    if not np.isfinite(recording.microvolts).any():
        raise Refused(RefusalCode.samples_invalid, "文件中没有一个有效的采样值，请检查导联连接后重新采集。")
    remarks = list(recording.remarks)
    if not np.isfinite(recording.microvolts).all():
        remarks.append(Remark.samples_missing)
    recorded_at = recording.recorded_at
    if recorded_at is None:
        remarks.append(Remark.time_missing)
    elif recorded_at.tzinfo is None:
        recorded_at = recorded_at.replace(tzinfo=SHANGHAI)
    return with_derived_limb_leads(
        replace(
            recording,
            recorded_at=recorded_at and recorded_at.astimezone(UTC),
            accession_number=_storable(recording.accession_number),
            patient=_storable_patient(recording.patient),
            device=Device(**{part.name: _storable(getattr(recording.device, part.name)) for part in fields(Device)}),
            statements=_storable_statements(recording.statements),
            remarks=tuple(dict.fromkeys(remarks)),
        )
    )


def _refuse_wrong_shape(recording: Recording) -> None:
    samples = recording.microvolts
    if samples.ndim != 2 or samples.shape[0] != len(recording.leads):
        raise Refused(RefusalCode.format_broken, "文件中导联数与波形数不一致，请重新导出。")


def _refuse_beyond_limits(recording: Recording) -> None:
    rate = recording.sampling_rate_hz
    if not (np.isfinite(rate) and limits.MIN_RATE_HZ <= rate <= limits.MAX_RATE_HZ):
        raise Refused(
            RefusalCode.samples_invalid,
            f"采样率不在 {limits.MIN_RATE_HZ:g}～{limits.MAX_RATE_HZ:g} Hz 之间，请检查导出设置。",
        )
    if recording.duration_s > limits.MAX_DURATION_S:
        raise Refused(
            RefusalCode.too_long, f"记录超过 {limits.MAX_DURATION_S:g} 秒；本中心只读静息心电图，不读动态心电图。"
        )
    if recording.duration_s < limits.MIN_DURATION_S:
        raise Refused(RefusalCode.too_short, f"记录不足 {limits.MIN_DURATION_S:g} 秒，无法判读，请重新采集。")
    if recording.microvolts.size > limits.MAX_SAMPLES or len(recording.leads) > limits.MAX_LEADS:
        raise Refused(RefusalCode.too_large, "采样点或导联过多，超出静息心电图的范围。")


def _finite(samples: Microvolts) -> Microvolts:
    """Infinite and impossible values become NaN: one of them would spoil every mean, filter and axis of the sheet."""
    values = samples.astype(np.float64)
    with np.errstate(invalid="ignore"):
        values[~(np.abs(values) <= MAX_AMPLITUDE_UV)] = np.nan
    return values


def _storable_patient(patient: PatientFacts) -> PatientFacts:
    return replace(
        patient,
        id=_storable(patient.id),
        name=_storable(patient.name),
        age=_storable(patient.age)[:16] or None if patient.age else None,
    )


def _storable_statements(statements: Iterable[str]) -> tuple[str, ...]:
    cleaned = (_storable(statement, MAX_STATEMENT) for statement in statements)
    return tuple(statement for statement in cleaned if statement)[:MAX_STATEMENTS]


def _storable(text: str, limit: int = MAX_TEXT) -> str:
    """Without control characters and lone surrogates, which neither JSON nor PostgreSQL would take."""
    kept = "".join(
        " " if character in "\t\r\n" else character
        for character in text[: 4 * limit]
        if character in "\t\r\n" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return " ".join(kept.split())[:limit]
