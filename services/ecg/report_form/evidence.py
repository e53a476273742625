"""What an ECG report stands on: the case's recordings and what was measured in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.ecg.parse.recording import Filters
from services.ecg.rules.default_recording import default_recording
from services.ecg.rules.facts import Measurements

TRACE = "trace"
"""The name of the chosen recording's stored trace (rules/trace.py) among the evidence's files."""

_NOTHING_SAID = Filters()


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """``sha256`` is of the original file, ``device`` one line such as ``GE MAC 5500``; ``quality`` the verdict over the
    whole recording and ``quality_text`` its Chinese reasons."""

    recording_id: str
    recorded_at: datetime | None
    sampling_rate_hz: float
    sha256: str
    format: str
    leads: tuple[str, ...]
    measurements: Measurements
    device: str = ""
    filters: Filters = _NOTHING_SAID
    derived: tuple[str, ...] = ()
    quality: Literal["ok", "poor", "unusable"] = "ok"
    quality_text: str = ""


@dataclass(frozen=True, slots=True)
class EcgEvidence:
    """``recordings`` in the order they were made; those without a time last, as they came."""

    recordings: tuple[RecordingFacts, ...] = ()

    def chosen(self, recording_id: str | None) -> RecordingFacts | None:
        """The one named; without a name the latest usable, or the latest where none is usable. None where the name is
        nobody's or there is no recording."""
        if recording_id is not None:
            return next((each for each in self.recordings if each.recording_id == recording_id), None)
        return default_recording(
            self.recordings, made_at=lambda each: each.recorded_at, is_usable=lambda each: each.quality != "unusable"
        )

    def others(self, recording_id: str) -> tuple[RecordingFacts, ...]:
        return tuple(each for each in self.recordings if each.recording_id != recording_id)
