"""What is signed: the reader's words, the numbers he stands by, and which recording they are of."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.ecg.report_form.evidence import EcgEvidence, RecordingFacts
from services.ecg.report_form.form import EcgForm, Layout
from services.ecg.report_form.numbers import computer_numbers, corrected_fields, signed_numbers


class _Part(BaseModel):
    """``extra`` is forbidden: a field nobody knows must not be signed by accident."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Numbers(_Part):
    """None where there is none."""

    heart_rate_bpm: int | None
    pr_ms: int | None
    qrs_ms: int | None
    qt_ms: int | None
    qtcb_ms: int | None
    qtcf_ms: int | None
    axis_deg: int | None
    p_axis_deg: int | None
    t_axis_deg: int | None
    rv5_mv: float | None
    sv1_mv: float | None


class FiltersSaid(_Part):
    low_cut_hz: float | None
    high_cut_hz: float | None
    notch_hz: float | None


class RecordingSaid(_Part):
    recording_id: str
    recorded_at: datetime | None
    sampling_rate_hz: float
    sha256: str
    format: str
    device: str
    filters: FiltersSaid
    leads: list[str]
    derived: list[str]
    quality: Literal["ok", "poor", "unusable"]
    quality_text: str


class OtherRecording(_Part):
    recording_id: str
    recorded_at: datetime | None


class EcgContent(Numbers):
    """``corrected`` names the numbers that are the reader's own; ``computer`` has all of the computer's."""

    technique: str
    rhythm: str
    findings: str
    impression: str
    comparison: str
    positive: bool | None
    corrected: list[str]
    computer: Numbers
    recording: RecordingSaid
    other_recordings: list[OtherRecording]
    layout: Layout
    speed_mm_s: Literal[25, 50]
    gain_mm_mv: Literal[5, 10, 20]
    acknowledged: list[str]


def content_of(form: EcgForm, evidence: EcgEvidence) -> EcgContent:
    """Raises ValueError where no recording is chosen, which ``checks.problems`` finds first."""
    chosen = evidence.chosen(form.recording_id)
    if chosen is None:
        raise ValueError("a report without a recording")
    computer = computer_numbers(chosen.measurements)
    return EcgContent.model_validate(
        {
            **form.model_dump(exclude={"recording_id"}),
            **signed_numbers(form, computer),
            "corrected": corrected_fields(form, computer),
            "computer": computer,
            "recording": _said(chosen),
            "other_recordings": [
                OtherRecording(recording_id=each.recording_id, recorded_at=each.recorded_at)
                for each in evidence.others(chosen.recording_id)
            ],
        }
    )


def _said(recording: RecordingFacts) -> RecordingSaid:
    filters = recording.filters
    return RecordingSaid(
        recording_id=recording.recording_id,
        recorded_at=recording.recorded_at,
        sampling_rate_hz=recording.sampling_rate_hz,
        sha256=recording.sha256,
        format=recording.format,
        device=recording.device,
        filters=FiltersSaid(low_cut_hz=filters.low_cut_hz, high_cut_hz=filters.high_cut_hz, notch_hz=filters.notch_hz),
        leads=list(recording.leads),
        derived=sorted(recording.derived),
        quality=recording.quality,
        quality_text=recording.quality_text,
    )
