import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.recording import Filters, Recording
from services.ecg.report_form.sheet import render_sheet
from services.ecg.rules.facts import Measurements
from services.ecg.rules.trace import pack
from shared.paper.render import Sheet
from shared.signing.document import SignerRole
from tests.support.ecg_signals import make_ecg
from tests.unit.ecg.report_form.paper import page_sizes_mm, strokes_of
from tests.unit.ecg.report_form.reports import evidence, form, report
from tests.unit.paper.reading import pages_of
from tests.unit.signing.people import statement

ECG = make_ecg(noise_uv=10)
_RIGHT_AND_BACK = ("V3R", "V4R", "V5R", "V7", "V8", "V9")


def sheet(
    recording: Recording = ECG,
    written: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    spikes: tuple[int, ...] = (),
    **changes: Any,
) -> Sheet:
    said = {"leads": recording.leads, "sampling_rate_hz": recording.sampling_rate_hz, **(facts or {})}
    document = report(form(**(written or {})), evidence(**said), **changes)
    return render_sheet(document, pack(recording, spike_samples=spikes))


def test_one_page_says_what_a_report_must() -> None:
    made = sheet()
    (page,) = pages_of(made.pdf)
    for words in (
        "示例县人民医院（区域心电诊断中心）",
        "心电图报告单",
        "姓名：测试甲",
        "年龄：66岁",
        "检查号：A20261121000123",
        "送检机构：示例甲镇卫生院",
        "门诊号：MZ1",
        "科别：内科",
        "检查时间：2026-11-2110:20:05",
        "临床资料：咳嗽三天",
        "心率72次/分",
        "PR间期160ms",
        "QRS时限90ms",
        "QT间期400ms",
        "QTcB/QTcF438/425ms",
        "QRS电轴−12°",
        "RV5/SV11.21/0.90mV",
        "RV5+SV12.11mV",
        "计算机测量，医师审定",
        "心律：窦性心律",
        "心电图特征：ST-T未见异常。",
        "心电图诊断：1.窦性心律2.正常心电图",
        "25mm/s10mm/mV滤波0.05–150Hz陷波50Hz采样500Hz记录2026-11-2110:20:05",
        "示例心电图机",
        "报告医师：测试医师甲",
        "审核医师：",
        "第1页共1页",
    ):
        assert words in page
    assert all(lead in page for lead in STANDARD)
    assert page_sizes_mm(made.pdf) == [pytest.approx((297, 210), abs=0.1)]


@pytest.mark.parametrize(("speed", "gain"), [(25, 10), (50, 10), (25, 5), (25, 20)])
def test_a_ruler_on_the_page_measures_what_is_printed_on_it(speed: int, gain: int) -> None:
    """A level of exactly 1 mV for exactly 1 s: half of a per cent is what the requirement allows, and 0.02 mm is the
    drawing's own rounding."""
    level = np.zeros((1, 5000))
    level[0, 1000:1500] = 1000.0
    pdf = sheet(
        Recording("csv", 500.0, ("II",), level), {"layout": "12x1", "speed_mm_s": speed, "gain_mm_mv": gain}
    ).pdf
    grid_fine, grid_bold, curves = traced(pdf, page=1 if gain == 20 else 0)
    for pitch, grid in ((1.0, grid_fine), (5.0, grid_bold)):
        upright = sorted(line[0][0] for line in grid if abs(line[0][0] - line[1][0]) < 1e-3)
        across = sorted(line[0][1] for line in grid if abs(line[0][1] - line[1][1]) < 1e-3)
        assert upright[-1] - upright[0] == pytest.approx(265, abs=0.02)
        for lines in (upright, across):
            assert np.diff(lines) == pytest.approx(pitch, abs=0.005)
    pulse = np.array(curves[0])
    assert np.ptp(pulse[:, 1]) == pytest.approx(gain, abs=0.02)
    top = pulse[pulse[:, 1] > pulse[:, 1].max() - 0.01]
    assert np.ptp(top[:, 0]) == pytest.approx(0.2 * speed, abs=0.02)
    trace = np.array(max(curves, key=len))
    assert np.ptp(trace[:, 1]) == pytest.approx(gain, abs=0.02)
    high = trace[trace[:, 1] > trace[:, 1].mean() + gain / 4]
    assert np.ptp(high[:, 0]) == pytest.approx(speed * 499 / 500, abs=0.02)
    shown_s = min(10, 250 / speed)
    assert np.ptp(trace[:, 0]) == pytest.approx(speed * (shown_s if shown_s < 10 else 4999 / 500), abs=0.02)


def test_a_curve_runs_through_its_samples() -> None:
    wave = np.round(800 * np.sin(2 * np.pi * 1.3 * np.arange(5000) / 500))
    pdf = sheet(Recording("csv", 500.0, ("II",), wave[None]), {"layout": "12x1"}).pdf
    trace = np.array(max(traced(pdf)[2], key=len))
    assert len(trace) == 5000
    assert np.corrcoef(trace[:, 1], wave)[0, 1] > 0.999999
    assert np.abs((trace[:, 1] - trace[0, 1]) - (wave - wave[0]) / 100).max() < 0.02


def test_every_row_is_calibrated_and_every_segment_labelled() -> None:
    assert len([path for path in traced(sheet().pdf)[2] if len(path) == 6]) == 4
    (page,) = pages_of(sheet(written={"layout": "6x2"}).pdf)
    assert page.count("aVR") == 1


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
def test_the_signature_lies_below_the_trace_and_on_the_page(layout: str) -> None:
    made = sheet(written={"layout": layout})
    pages = pages_of(made.pdf)
    assert len(pages) == (2 if layout == "12x1" else 1)
    for box in made.boxes.values():
        assert box.page == len(pages) - 1
        assert 14 / 25.4 * 72 <= box.bottom < box.top <= 595
        if box.page == 0:
            assert box.top < min(y for line in traced(made.pdf)[0] for _x, y in line) / 25.4 * 72


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0, 32_000.0])
def test_a_sheet_stays_small_and_quick_at_any_rate(rate: float) -> None:
    made_by_cart = make_ecg(sampling_rate_hz=rate, noise_uv=5)
    started = time.process_time()
    made = sheet(made_by_cart, {"layout": "12x1"})
    assert time.process_time() - started < 3.0  # 0.1 to 0.9 s on the slowest machine tried
    assert len(made.pdf) < 600_000


def test_a_thinned_curve_keeps_its_peaks() -> None:
    wave = np.zeros((1, 320_000))
    wave[0, 100_003] = 1000.0
    pdf = sheet(Recording("csv", 32_000.0, ("II",), wave), {"layout": "12x1"}).pdf
    trace = np.array(max(traced(pdf)[2], key=len))
    assert len(trace) < 15_000
    assert np.ptp(trace[:, 1]) == pytest.approx(10.0, abs=0.02)


def test_missing_values_are_a_gap() -> None:
    lost = np.zeros((1, 5000))
    lost[0, 2000:3000] = np.nan
    paths = traced(sheet(Recording("csv", 500.0, ("II",), lost), {"layout": "12x1"}).pdf)[2]
    before, after = (np.array(path)[:, 0] for path in paths if len(path) > 100)
    assert after.min() - before.max() == pytest.approx(1001 / 500 * 25, abs=0.02)


def test_a_lead_without_any_value_leaves_its_place_empty() -> None:
    dead = ECG.microvolts.copy()
    dead[:] = np.nan
    (page,) = pages_of(sheet(replace(ECG, microvolts=dead)).pdf)
    assert "V6" in page


def test_a_lead_that_was_not_recorded_says_so() -> None:
    (page,) = pages_of(sheet(make_ecg(leads=("I", "II", "V1"))).pdf)
    assert "V2（未记录）" in page


def test_a_high_wave_is_not_cut_at_the_edge() -> None:
    grid, _bold, curves = traced(sheet(make_ecg(amplitude=2.5)).pdf)
    edges = [y for line in grid for _x, y in line]
    drawn = [y for path in curves for _x, y in path]
    assert min(edges) <= min(drawn) <= max(drawn) <= max(edges)


def test_a_trace_too_tall_for_the_first_page_has_the_next_one() -> None:
    pages = pages_of(sheet(written={"layout": "12x1", "gain_mm_mv": 20}).pdf)
    assert len(pages) == 2 + 1
    assert "心电图诊断：" in pages[0]
    assert "aVF" in pages[1]


def test_further_leads_stand_on_a_further_page() -> None:
    pages = pages_of(sheet(make_ecg(leads=(*STANDARD, *_RIGHT_AND_BACK))).pdf)
    assert len(pages) == 2
    assert all(lead in pages[1] and lead not in pages[0] for lead in _RIGHT_AND_BACK)
    assert "测试甲" in pages[1]


def test_derived_leads_spikes_and_the_part_printed_are_told() -> None:
    long = replace(make_ecg("paced", duration_s=30), derived=frozenset({"aVR"}))
    page = pages_of(sheet(long, spikes=(200, 700)).pdf)[0]
    for words in ("aVR*", "*由其他肢体导联计算", "蓝色短线：起搏脉冲", "打印第0–10秒（共30秒）"):
        assert words in page


def test_a_short_recording_says_that_its_columns_overlap() -> None:
    assert "记录仅6.0秒，各列时间有重叠" in pages_of(sheet(make_ecg(duration_s=6)).pdf)[0]


def test_what_is_not_known_is_said_and_never_an_error() -> None:
    unknown = {"measurements": Measurements(), "filters": Filters(), "recorded_at": None, "device": ""}
    (page,) = pages_of(sheet(facts=unknown, encounter=None, clinical_info=None, requester=None).pdf)
    for words in ("滤波未知陷波未知", "记录时间未知", "检查时间：—", "PR间期—", "QTcB/QTcF—", "RV5+SV1—"):
        assert words in page


def test_a_corrected_number_is_marked() -> None:
    (page,) = pages_of(sheet(written={"pr_ms": None, "qrs_ms": 110}).pdf)
    for words in ("QRS时限110▲ms", "PR间期—▲", "▲为医师修正值"):
        assert words in page


def test_long_words_follow_the_trace_on_pages_of_their_own() -> None:
    impression = "\n".join(f"{line}. 窦性心律，完全性右束支传导阻滞，请结合临床，必要时复查。" for line in range(1, 80))
    made = sheet(written={"impression": impression})
    pages = pages_of(made.pdf)
    assert len(pages) >= 3
    assert "PR间期160ms" in pages[0]
    assert "心电图特征与诊断见后页" in pages[0]
    assert "79.窦性心律" in pages[-1]
    assert all("A20261121000123" in page for page in pages)
    assert {box.page for box in made.boxes.values()} == {len(pages) - 1}


def test_an_amended_and_a_preliminary_report_say_so() -> None:
    amends = {"version": 1, "sha256": "0" * 64, "reason": "更正诊断"}
    (amended,) = pages_of(sheet(status="amended", version=2, amends=amends).pdf)
    assert "修订报告" in amended
    assert "替代第1版，原版作废。修订原因：更正诊断" in amended
    preliminary = sheet(status="preliminary", signature_roles=["author"])
    assert "本报告为初步报告" in pages_of(preliminary.pdf)[0]
    assert set(preliminary.boxes) == {SignerRole.AUTHOR}


def test_doubts_and_critical_findings_are_on_the_sheet() -> None:
    made = sheet(
        written={"acknowledged": ["quality_unusable"]},
        facts={"quality": "unusable", "quality_text": "V3 脱落"},
        warnings=[{"code": "patient_mismatch", "detail": "文件中的姓名与申请单不符"}],
        critical=[{"code": "vt", "text": "室性心动过速"}],
    )
    page = pages_of(made.pdf)[0]
    for words in ("信号质量不合格，结论仅供参考。V3脱落", "核对提示：文件中的姓名与申请单不符", "危急值：室性心动过速"):
        assert words in page


def test_the_same_statement_gives_the_same_bytes() -> None:
    assert sheet().pdf == sheet().pdf


def test_content_of_another_centre_is_refused() -> None:
    with pytest.raises(ValidationError):
        render_sheet(statement(), pack(ECG))


def test_a_damaged_trace_is_refused() -> None:
    with pytest.raises(ValueError, match="trace"):
        render_sheet(report(form(), evidence()), pack(ECG)[:-1])


Path = list[tuple[float, float]]


def traced(pdf: bytes, page: int = 0) -> tuple[list[Path], list[Path], list[Path]]:
    """The fine grid, the bold one, and every subpath of the curves and their calibration pulses, in mm."""
    by_width: dict[float, list[Path]] = {round(stroke.width_mm, 2): stroke.subpaths for stroke in strokes_of(pdf, page)}
    return by_width[0.09], by_width[0.18], by_width[0.2]
