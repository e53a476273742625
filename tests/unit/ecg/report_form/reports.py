"""Forms, evidence and statements of the ECG centre for tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.ecg.parse.recording import Filters, Recording
from services.ecg.report_form.content import content_of
from services.ecg.report_form.evidence import EcgEvidence, RecordingFacts
from services.ecg.report_form.form import EcgForm
from services.ecg.rules.facts import Measurements
from shared.signing.document import ReportDocument
from tests.support.ecg_signals import make_ecg
from tests.unit.signing.people import statement

MEASURED = Measurements(
    heart_rate_bpm=71.6,
    pr_ms=160.4,
    qrs_ms=90.0,
    qt_ms=400.0,
    qtcb_ms=438.2,
    qtcf_ms=425.0,
    p_axis_deg=50.0,
    qrs_axis_deg=-12.3,
    t_axis_deg=40.0,
    rv5_uv=1214.0,
    sv1_uv=-903.0,
)
FACTS = RecordingFacts(
    recording_id="rec_1",
    recorded_at=datetime(2026, 11, 21, 2, 20, 5, tzinfo=UTC),
    sampling_rate_hz=500.0,
    sha256="a" * 64,
    format="scp",
    leads=("I", "II"),
    measurements=MEASURED,
    device="示例 心电图机",
    filters=Filters(0.05, 150.0, 50.0),
)


def form(**changes: object) -> EcgForm:
    words = {"rhythm": "窦性心律", "findings": "ST-T 未见异常。", "impression": "1. 窦性心律\n2. 正常心电图"}
    return EcgForm.model_validate({**words, **changes})


def evidence(*recordings: RecordingFacts, **changes: Any) -> EcgEvidence:
    return EcgEvidence(recordings or (replace(FACTS, **changes),))


def report(filled: EcgForm, stands_on: EcgEvidence, **changes: Any) -> ReportDocument:
    content = content_of(filled, stands_on).model_dump(mode="json")
    exam = {"code": "ECG12", "name": "常规十二导联心电图", "modality": "ECG"}
    return statement(**{"center": "ecg", "exam": exam, "content": content, **changes})


def recording(**how: Any) -> Recording:
    return make_ecg(**how)
