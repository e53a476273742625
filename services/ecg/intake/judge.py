"""Files become recordings, and recordings are judged. Runs in a sandbox's child: plain values in, plain values out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.ecg.parse.age import years_between, years_of
from services.ecg.parse.read_upload import FromFiles, read_upload
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import Refused
from services.ecg.rules.critical.suspect import suspected
from services.ecg.rules.facts import PatientContext
from services.ecg.rules.judged import Judged
from services.ecg.rules.measure.analyse import analyse
from services.ecg.rules.quality.check import check_quality
from services.ecg.rules.statements.suggest import suggest
from services.ecg.rules.trace import pack


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the order says of the patient: it wins over the file. ``rule_set``: the county's list of criticals."""

    sex: str = "U"
    birth_date: date | None = None
    age: str | None = None
    performed_at: datetime | None = None
    rule_set: str = ""


@dataclass(frozen=True, slots=True)
class JudgedUpload:
    """``recordings`` in the order they were made; ``refusals`` and ``ignored`` name files by number."""

    recordings: tuple[Judged, ...]
    refusals: tuple[tuple[int, Refused], ...]
    ignored: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ToJudge:
    files: Sequence[SourceFile]
    ordered: Ordered


def judge(given: ToJudge) -> JudgedUpload:
    upload = read_upload(given.files)
    recordings = [_judged(each, given.ordered) for each in upload.recordings]
    recordings.sort(key=lambda each: (each.recording.recorded_at is None, each.recording.recorded_at, each.numbers))
    return JudgedUpload(tuple(recordings), tuple(upload.refusals), tuple(upload.ignored))


def _judged(found: FromFiles, ordered: Ordered) -> Judged:
    """Its samples stay here but for the trace: two hundred ECGs would be more than the sandbox may hold."""
    recording = found.recording
    patient = context_of(recording, ordered)
    analysis = analyse(recording)
    suggestions = suggest(analysis, patient)
    quality = check_quality(recording, analysis)
    # Of a recording that shows no heart at all the quality check says that it shows none.
    is_silent = not analysis.beats.samples and not analysis.measurements.disorganised and quality.verdict != "unusable"
    return Judged(
        numbers=found.files,
        recording=replace(recording, microvolts=recording.microvolts[:, :0].copy()),
        sample_count=recording.microvolts.shape[1],
        analysis=replace(analysis, median=None),
        quality=quality,
        suggestions=suggestions,
        suspected=suspected(
            analysis, suggestions, ordered.rule_set, silent_s=recording.duration_s if is_silent else 0.0
        ),
        trace=pack(recording, analysis.median, analysis.beats, analysis.spike_samples),
    )


def context_of(recording: Recording, ordered: Ordered) -> PatientContext:
    """Sex and age at the time of the recording: the order's where it says so, else the cart's."""
    sex = ordered.sex if ordered.sex in ("M", "F") else recording.patient.sex
    at = recording.recorded_at or ordered.performed_at
    ages = (
        years_between(ordered.birth_date, at),
        years_of(ordered.age),
        years_between(recording.patient.birth_date, at),
        years_of(recording.patient.age),
    )
    age = next((each for each in ages if each is not None), None)
    return PatientContext(sex="M" if sex == "M" else "F" if sex == "F" else "", age_years=age)
