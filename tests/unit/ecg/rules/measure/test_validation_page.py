"""The page of figures stands and names what it must; `python -m bench.ecg_validation` writes it."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[5] / "docs" / "conformance" / "ecg-validation.md"


def _row(start: str) -> list[str]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(start)]
    assert len(lines) == 1, start
    return [cell.strip() for cell in lines[0].strip("|").split("|")]


@pytest.mark.parametrize(("name", "bias", "sd"), [("PR", 10, 10), ("QRS", 10, 12), ("QT", 12, 18)])
def test_intervals_of_the_report_half_are_within_their_limits(name: str, bias: float, sd: float) -> None:
    cells = _row(f"| {name} | report |")
    found = [float(re.sub(r"[^-\d.]", "", cell)) for cell in cells[3:5]]
    assert int(cells[2]) >= 30
    assert abs(found[0]) <= bias
    assert found[1] <= sd


@pytest.mark.parametrize(("what", "least"), [("R peaks", 0.998), ("P onsets", 0.95)])
def test_detections_of_the_report_half_are_within_their_limits(what: str, least: float) -> None:
    assert float(_row(f"| {what} | report |")[5]) >= least


def test_rhythms_and_carts_are_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for word in ("atrial fibrillation", "sinus, P marked", "Beside the carts' own numbers", "129DYPRG.XML", "NumPy"):
        assert word in text
