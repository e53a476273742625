"""What an ECG report stands on, from this centre's rows."""

from services.ecg.models import Recording
from services.ecg.parse.recording import Filters
from services.ecg.queries import recordings
from services.ecg.report_form.evidence import EcgEvidence, RecordingFacts
from services.ecg.rules.facts import LeadAmplitudes, Measurements
from shared.blobs import BlobRef
from shared.db import Session


async def evidence_of(session: Session, case_id: str) -> tuple[EcgEvidence, dict[str, BlobRef]]:
    """With the stored trace of each recording by its id."""
    rows = await recordings.of_case(session, case_id)
    return EcgEvidence(tuple(_facts(row) for row in rows)), {row.recording_id: recordings.trace_of(row) for row in rows}


def measurements_of(row: Recording) -> Measurements:
    numbers = dict(row.analysis["measurements"])
    numbers["amplitudes"] = tuple(LeadAmplitudes(**each) for each in numbers.get("amplitudes", ()))
    numbers["pauses_ms"] = tuple(numbers.get("pauses_ms", ()))
    return Measurements(**numbers)


def _facts(row: Recording) -> RecordingFacts:
    quality = row.quality
    texts = [each["text"] for each in (*quality["faults"], *quality["leads"]) if each["text"]]
    device = row.device
    return RecordingFacts(
        recording_id=row.recording_id,
        recorded_at=row.recorded_at,
        sampling_rate_hz=row.sampling_rate_hz,
        sha256=row.sha256,
        format=row.format,
        leads=tuple(row.leads),
        measurements=measurements_of(row),
        device=" ".join(part for part in (device["manufacturer"], device["model"]) if part),
        filters=Filters(**row.filters),
        derived=tuple(row.derived),
        quality=quality["verdict"],
        quality_text="；".join(texts),
    )
