"""The ECG sheet: landscape A4, the trace at true scale, and the signed numbers and words as a Chinese hospital prints
them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.ecg.report_form.content import EcgContent
from services.ecg.report_form.drawing import WIDTH_MM, draw, on_strip
from services.ecg.report_form.layout import STRIP_MM, STRIP_S, TracePage, is_simultaneous, trace_pages
from services.ecg.rules.trace import Trace, unpack
from shared.clock import to_shanghai
from shared.paper.head import NOTHING, head
from shared.paper.render import Sheet, render
from shared.signing.document import ReportDocument

TITLE = "心电图报告单"
_TEMPLATE = "services/ecg/report_form/sheet.typ"
_TRACKS = 24
_FIRST_ROW = (("姓名", 5), ("性别", 2), ("年龄", 3), ("检查号", 6), ("送检机构", 8))
_NUMBERED = ("门诊号", "住院号", "急诊号", "体检号", "病历号")
_CORRECTED = "▲"


def render_sheet(document: ReportDocument, trace_blob: bytes) -> Sheet:
    """``trace_blob``: the stored trace of the recording that ``content`` names. Blocking: call it in a thread.

    Raises pydantic.ValidationError where ``content`` is not an EcgContent, ValueError where the trace is damaged.
    """
    content = EcgContent.model_validate(document.content)
    trace = unpack(trace_blob)
    common = head(document, TITLE, f"{document.reading_site.name}（区域心电诊断中心）")
    strip = on_strip(trace)
    pages = trace_pages(content.layout, trace.leads, trace.duration_s, content.speed_mm_s)
    data = {
        **common,
        "patient": _patient(document, content, common["patient"]),
        "tracks": _TRACKS,
        "notices": [*common["notices"], *_doubts(document, content)],
        "numbers": _number_rows(content),
        "numbers_note": f"计算机测量，医师审定；{_CORRECTED} 为医师修正值"
        if content.corrected
        else "计算机测量，医师审定",
        "technique": content.technique,
        "rhythm": content.rhythm,
        "findings": content.findings or NOTHING,
        "impression": content.impression or NOTHING,
        "comparison": content.comparison,
        "width_mm": WIDTH_MM,
        "traces": [_trace_page(page, strip, trace, content) for page in pages],
    }
    return render(_TEMPLATE, data, document.written_at)


def _patient(document: ReportDocument, content: EcgContent, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What every sheet says, in the two or three lines that a landscape page has for it."""
    pairs = {label: value for row in rows for label, value in row["pairs"]}
    first = [(label, pairs[label], width) for label, width in _FIRST_ROW]
    number = next(label for label in _NUMBERED if label in pairs)
    recorded = content.recording.recorded_at or document.exam.performed_at
    second = [
        (number, pairs[number], 5),
        *((label, pairs[label], 3) for label in ("科别", "病区", "床号") if label in pairs),
        ("申请医师", pairs["申请医师"], 5),
    ]
    second.append(("检查时间", _moment(recorded) if recorded else NOTHING, _TRACKS))
    shown = [_row(first), _row(second)]
    if document.clinical_info:
        shown.append(_row([("临床资料", document.clinical_info, _TRACKS)]))
    return shown


def _row(cells: list[tuple[str, str, int]]) -> dict[str, Any]:
    """The last cell takes what is left of the row."""
    widths = [width for _label, _value, width in cells]
    widths[-1] = _TRACKS - sum(widths[:-1])
    return {"widths": widths, "pairs": [[label, value] for label, value, _width in cells]}


def _doubts(document: ReportDocument, content: EcgContent) -> Iterable[str]:
    if content.recording.quality == "unusable":
        yield f"本次心电图信号质量不合格，结论仅供参考。{content.recording.quality_text}"
    # What a computer suspected is said by the critical results themselves, with what became of it.
    shown = [warning.detail for warning in document.warnings if warning.code != "critical_suspected"]
    if shown:
        yield "核对提示：" + "；".join(shown)


def _number_rows(content: EcgContent) -> list[list[str]]:
    """Label, value, label, value."""
    both = NOTHING
    if content.rv5_mv is not None and content.sv1_mv is not None:
        both = f"{content.rv5_mv + content.sv1_mv:.2f} mV"
    return [
        ["心率", _number(content, "次/分", "heart_rate_bpm"), "P 电轴", _number(content, "°", "p_axis_deg")],
        ["PR 间期", _number(content, "ms", "pr_ms"), "QRS 电轴", _number(content, "°", "axis_deg")],
        ["QRS 时限", _number(content, "ms", "qrs_ms"), "T 电轴", _number(content, "°", "t_axis_deg")],
        ["QT 间期", _number(content, "ms", "qt_ms"), "RV5 / SV1", _number(content, "mV", "rv5_mv", "sv1_mv")],
        ["QTcB / QTcF", _number(content, "ms", "qtcb_ms", "qtcf_ms"), "RV5+SV1", both],
    ]


def _number(content: EcgContent, unit: str, *names: str) -> str:
    values = [getattr(content, name) for name in names]
    marks = [_CORRECTED if name in content.corrected else "" for name in names]
    if all(value is None for value in values):
        return NOTHING + ("".join(marks) and _CORRECTED)
    shown = (_text(value, mark) for value, mark in zip(values, marks, strict=True))
    return " / ".join(shown) + ("" if unit == "°" else " ") + unit


def _text(value: float | None, mark: str) -> str:
    if value is None:
        return NOTHING + mark
    return (f"{value:.2f}" if isinstance(value, float) else str(value)).replace("-", "−") + mark


def _trace_page(page: TracePage, strip: Trace, whole: Trace, content: EcgContent) -> dict[str, Any]:
    drawing = draw(strip, page, speed_mm_s=content.speed_mm_s, gain_mm_mv=content.gain_mm_mv)
    return {
        "svg": drawing.svg,
        "height_mm": drawing.height_mm,
        "labels": [
            {"text": _lead_label(each.lead, whole), "x_mm": each.x_mm, "y_mm": each.y_mm} for each in drawing.labels
        ],
        "caption": "　".join(_caption(page, whole, content)),
    }


def _lead_label(lead: str, trace: Trace) -> str:
    if lead not in trace.leads:
        return f"{lead}（未记录）"
    return f"{lead}*" if lead in trace.derived else lead


def _caption(page: TracePage, trace: Trace, content: EcgContent) -> Iterable[str]:
    recording = content.recording
    yield f"{content.speed_mm_s} mm/s　{content.gain_mm_mv} mm/mV"
    yield _filters(content)
    yield f"采样 {recording.sampling_rate_hz:g} Hz"
    yield f"记录 {_moment(recording.recorded_at)}" if recording.recorded_at else "记录时间未知"
    last_s = min(page.strip_s + STRIP_MM / content.speed_mm_s, STRIP_S, trace.duration_s)
    if trace.duration_s > STRIP_S or page.strip_s > 0 or last_s < min(STRIP_S, trace.duration_s):
        yield f"打印第 {page.strip_s:g}–{last_s:g} 秒（共 {trace.duration_s:.0f} 秒）"
    if not is_simultaneous(content.layout, trace.duration_s):
        yield f"记录仅 {trace.duration_s:.1f} 秒，各列时间有重叠"
    if trace.derived:
        yield "* 由其他肢体导联计算"
    if trace.spike_samples:
        yield "蓝色短线：起搏脉冲"
    if recording.device:
        yield recording.device


def _filters(content: EcgContent) -> str:
    filters = content.recording.filters
    low, high, notch = filters.low_cut_hz, filters.high_cut_hz, filters.notch_hz
    band = "滤波 未知" if low is None and high is None else f"滤波 {_hertz(low)}–{_hertz(high)} Hz"
    return f"{band}　陷波 {notch:g} Hz" if notch is not None else f"{band}　陷波 未知"


def _hertz(value: float | None) -> str:
    return "未知" if value is None else f"{value:g}"


def _moment(moment: datetime) -> str:
    return to_shanghai(moment).strftime("%Y-%m-%d %H:%M:%S")
