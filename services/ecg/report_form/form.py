"""What an ECG reader writes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Layout = Literal["3x4+1", "6x2", "12x1"]
Measured = Literal["measured"]
Acknowledged = Literal[
    "quality_unusable", "pr_contradiction", "rate_contradiction", "interval_contradiction", "qtc_contradiction"
]
_Rate = Annotated[int, Field(ge=0, le=400)] | None | Measured
_Interval = Annotated[int, Field(ge=10, le=1500)] | None | Measured
_Axis = Annotated[int, Field(ge=-180, le=270)] | None | Measured
_Millivolts = Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] | None | Measured


class EcgForm(BaseModel):
    """A draft may be empty. ``technique`` 检查方法, ``rhythm`` 心律, ``findings`` 心电图特征, ``impression``
    心电图诊断, ``comparison`` 与前图比较; ``positive`` 阳性, or None where nobody said.

    Of each number: ``measured`` accepts the computer's, a number corrects it, None says there is none. ``axis_deg`` is
    of the QRS. ``recording_id``: which of the case's ECGs the report is on, by default the latest usable one.
    ``acknowledged``: doubts the reader saw and stands by.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    technique: Words = ""
    rhythm: Words = ""
    findings: Words = ""
    impression: Words = ""
    comparison: Words = ""
    positive: bool | None = None
    heart_rate_bpm: _Rate = "measured"
    pr_ms: _Interval = "measured"
    qrs_ms: _Interval = "measured"
    qt_ms: _Interval = "measured"
    qtcb_ms: _Interval = "measured"
    qtcf_ms: _Interval = "measured"
    axis_deg: _Axis = "measured"
    p_axis_deg: _Axis = "measured"
    t_axis_deg: _Axis = "measured"
    rv5_mv: _Millivolts = "measured"
    sv1_mv: _Millivolts = "measured"
    recording_id: Annotated[str, StringConstraints(max_length=100)] | None = None
    layout: Layout = "3x4+1"
    speed_mm_s: Literal[25, 50] = 25
    gain_mm_mv: Literal[5, 10, 20] = 10
    acknowledged: Annotated[list[Acknowledged], Field(max_length=20)] = []
