"""Answers of the ECG centre: one recording as lists show it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from services.ecg.models import Recording


class ShownRecording(BaseModel):
    recording_id: str
    case_id: str
    format: str
    recorded_at: datetime | None
    sampling_rate_hz: float
    duration_s: float
    leads: list[str]
    derived: list[str] = Field(description="computed from I and II, not recorded")
    device: dict[str, Any]
    filters: dict[str, Any] = Field(description="Hz, applied before the file was written; null where it does not say")
    remarks: list[str]
    quality: dict[str, Any] = Field(description="verdict of the whole and of each lead: ok, poor, unusable; why")
    suspected: list[dict[str, Any]] = Field(description="what the county's list of critical ECGs found, unconfirmed")
    links: dict[str, str]


class ShownMeasurements(BaseModel):
    recording_id: str
    recorded_at: datetime | None
    measurements: dict[str, Any] = Field(description="ms, beats/min, degrees, µV; null where there is none")
    analysis_version: str
    suggestions: list[dict[str, Any]] = Field(description="computer-made and unconfirmed, each with rule and numbers")
    suspected: list[dict[str, Any]]
    cart: dict[str, Any] = Field(description="what the cart itself measured and stated")


def shown(row: Recording) -> ShownRecording:
    return ShownRecording(
        recording_id=row.recording_id,
        case_id=row.case_id,
        format=row.format,
        recorded_at=row.recorded_at,
        sampling_rate_hz=row.sampling_rate_hz,
        duration_s=round(row.sample_count / row.sampling_rate_hz, 3),
        leads=row.leads,
        derived=row.derived,
        device=row.device,
        filters=row.filters,
        remarks=row.remarks,
        quality=row.quality,
        suspected=row.suspected,
        links=links_of(row),
    )


def links_of(row: Recording) -> dict[str, str]:
    base = f"/ecg/v1/cases/{row.case_id}"
    chosen = f"?recording={row.recording_id}"
    links = {name: f"{base}/{name}{chosen}" for name in ("waveform", "measurements", "median", "dicom")}
    originals = {
        f"original_{number}": f"{base}/recordings/{row.recording_id}/originals/{number}"
        for number in range(1, len(row.originals) + 1)
    }
    return links | originals


def shown_measurements(row: Recording) -> ShownMeasurements:
    return ShownMeasurements(
        recording_id=row.recording_id,
        recorded_at=row.recorded_at,
        measurements=row.analysis["measurements"],
        analysis_version=row.analysis_version,
        suggestions=row.suggestions,
        suspected=row.suspected,
        cart=row.cart,
    )
