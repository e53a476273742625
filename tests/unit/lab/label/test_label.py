from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.lab.label.label import LONGEST_NUMBER, Label, render_label
from tests.unit.ecg.report_form.paper import page_sizes_mm
from tests.unit.lab.label.scanner import PIXELS_PER_MM, pixel_row, runs, scan
from tests.unit.paper.reading import pages_of

LABEL = Label(
    specimen_number="L26112100001",
    patient_name="测试甲",
    sex="男",
    age="66岁",
    exams=("血常规五分类", "C反应蛋白"),
    tube="紫帽 EDTA-K2",
    specimen_type="静脉血",
    place="示例甲镇卫生院",
    collected_at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
    is_urgent=True,
)
_ACROSS_THE_BARS_MM = 14.0
LONG = "很长的名字" * 40


@pytest.mark.parametrize(
    "number", ["L26112100001", "20261121000123456789", "9" * 26, "S-1", "1", "W" * LONGEST_NUMBER, "~ !\"#%&'()*+,"]
)
def test_a_printed_label_scans_back(number: str) -> None:
    pdf = render_label([replace(LABEL, specimen_number=number)])
    for height_mm in (10.0, _ACROSS_THE_BARS_MM, 19.0):
        assert scan(pixel_row(pdf, 0, height_mm)) == number


@pytest.mark.parametrize("number", ["S-1", "L26112100001", "W" * LONGEST_NUMBER])
def test_no_bar_is_narrower_than_a_quarter_of_a_millimetre(number: str) -> None:
    row = pixel_row(render_label([replace(LABEL, specimen_number=number)]), 0, _ACROSS_THE_BARS_MM)
    lengths = [length / PIXELS_PER_MM for _dark, length in runs(row)]
    assert min(lengths) >= 0.25 - 0.5 / PIXELS_PER_MM
    assert min(lengths[0], lengths[-1]) >= 2.5 - 0.5 / PIXELS_PER_MM


def test_each_label_is_a_page_of_its_own() -> None:
    labels = [replace(LABEL, specimen_number=f"L{number:05d}") for number in range(40)]
    pdf = render_label(labels)
    sizes = page_sizes_mm(pdf)
    assert len(sizes) == 40
    assert all(size == pytest.approx((50, 30), abs=0.1) for size in sizes)
    assert scan(pixel_row(pdf, 39, _ACROSS_THE_BARS_MM)) == "L00039"


def test_a_label_says_whose_tube_it_is() -> None:
    (page,) = pages_of(render_label([LABEL]))
    for words in (
        "测试甲",
        "男66岁",
        "血常规五分类、C反应蛋白",
        "L26112100001",
        "紫帽EDTA-K2静脉血",
        "示例甲镇卫生院2026-11-2110:00",
        "急",
    ):
        assert words in page


def test_only_an_urgent_one_says_so() -> None:
    (page,) = pages_of(render_label([replace(LABEL, is_urgent=False)]))
    assert "急" not in page


def test_long_words_are_cut_and_never_push_the_bars() -> None:
    wordy = replace(LABEL, patient_name=LONG, exams=(LONG, LONG), tube=LONG, place=LONG)
    pdf = render_label([wordy])
    (page,) = pages_of(pdf)
    assert page.count("…") == 4
    assert scan(pixel_row(pdf, 0, _ACROSS_THE_BARS_MM)) == LABEL.specimen_number


def test_an_unknown_patient_has_a_label_too() -> None:
    (page,) = pages_of(render_label([Label("L1", "")]))
    assert "无名氏" in page


def test_words_are_never_markup() -> None:
    (page,) = pages_of(render_label([replace(LABEL, patient_name="#eval(*x*)")]))
    assert "#eval(*x*)" in page


def test_the_same_label_gives_the_same_bytes() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    assert render_label([LABEL], made_at=at) == render_label([LABEL], made_at=at)


def test_no_label_and_a_number_too_long_are_refused() -> None:
    with pytest.raises(ValueError, match="no label"):
        render_label([])
    with pytest.raises(ValueError, match="does not fit"):
        render_label([replace(LABEL, specimen_number="W" * (LONGEST_NUMBER + 1))])
