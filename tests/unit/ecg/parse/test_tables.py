"""CSV and JSON as docs/ecg-formats.md has them."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from services.ecg.parse.csv_table import CsvReader
from services.ecg.parse.json_table import JsonReader
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused

DOCS = Path(__file__).resolve().parents[4] / "docs" / "ecg-formats.md"
HEAD = "# sampling_rate_hz: 500\n# unit: uV\n"


def csv(text: str | bytes) -> Recording:
    data = text.encode() if isinstance(text, str) else text
    assert CsvReader().recognizes(data)
    return CsvReader().read(SourceFile("x", data), {}).recording


def of_json(content: object) -> Recording:
    data = json.dumps(content, ensure_ascii=False).encode()
    assert JsonReader().recognizes(data)
    return JsonReader().read(SourceFile("x", data), {}).recording


def example(language: str) -> bytes:
    text = DOCS.read_text(encoding="utf-8")
    return text.split(f"```{language}\n", 1)[1].split("```", 1)[0].encode()


def test_the_documented_examples_are_the_same_ecg() -> None:
    table = csv(example("csv"))
    object_ = JsonReader().read(SourceFile("x", example("json")), {}).recording
    for recording in (table, object_):
        assert recording.leads == ("I", "II", "V1", "V3R")
        assert recording.sampling_rate_hz == 500
        assert recording.recorded_at == datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
        assert (recording.patient.name, recording.patient.sex) == ("测试甲", "F")
        assert recording.patient.birth_date == date(1953, 5, 8)
        assert recording.cart.pr_ms == 148
        assert recording.filters.notch_hz == 50
        assert recording.statements == ("窦性心律", "正常心电图")
    np.testing.assert_array_equal(table.microvolts, object_.microvolts)
    assert np.isnan(table.microvolts).sum() == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, newline: str) -> None:
    rows = [["I", "Lead II", "V1"], ["1", '"2.5"', ""], ["-3e1", "NaN", " 4 "], ["7", "8", ""]]
    text = HEAD.replace("\n", newline) + newline.join(separator.join(row) for row in rows) + newline
    recording = csv(text)
    assert recording.leads == ("I", "Lead II", "V1")
    np.testing.assert_array_equal(recording.microvolts, [[1, -30, 7], [2.5, np.nan, 8], [np.nan, 4, np.nan]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_in_utf_8_and_gbk(encoding: str) -> None:
    text = HEAD + "# patient_name: 测试甲\n# sex: 女\n# statement: 窦性心律\nI,II\n1,2\n"
    recording = csv(text.encode(encoding))
    assert (recording.patient.name, recording.patient.sex) == ("测试甲", "F")
    assert recording.statements == ("窦性心律",)


def test_millivolts_and_a_time_column() -> None:
    recording = csv("# sampling_rate_hz: 250\n# unit: mV\ntime,I,II\n0,0.5,1\n0.004,-0.25,2\n")
    assert recording.leads == ("I", "II")
    np.testing.assert_array_equal(recording.microvolts, [[500, -250], [1000, 2000]])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("# unit: uV\nI,II\n1,2\n", "sampling_rate_hz: 500"),
        ("# unit: uV\n# sampling_rate_hz: fast\nI,II\n1,2\n", "sampling_rate_hz: 500"),
        ("# sampling_rate_hz: 500\nI,II\n1,2\n", "unit: uV"),
        ("# sampling_rate_hz: 500\n# unit: V\nI,II\n1,2\n", "unit: uV"),
        (HEAD + "I,II\n1,2\n1\n", "第 5 行有 1 列"),
        (HEAD + "I,II\n1,x\n", "第 4 行第 2 列"),
        (HEAD + "I;II\n0,5;1,5\n", "小数点"),
        (HEAD + "I,Lead I\n1,2\n", "出现了两次"),
        (HEAD + "# unit: mV\nI,II\n1,2\n", "写了两次"),
        (HEAD + "# recorded_at: 昨天\nI,II\n1,2\n", "recorded_at"),
        (HEAD + "# birth_date: 1953-13-40\nI,II\n1,2\n", "birth_date"),
        (HEAD + '# x: 1\nI,II\n"1,2\n1,2\n', "列"),
    ],
)
def test_what_is_missing_or_unreadable_is_named(text: str, word: str) -> None:
    with pytest.raises(Refused, match=word) as refused:
        csv(text)
    assert refused.value.code is RefusalCode.format_broken


def test_a_header_alone_is_no_ecg() -> None:
    with pytest.raises(Refused) as refused:
        csv(HEAD + "I,II\n")
    assert refused.value.code is RefusalCode.no_waveform


@pytest.mark.parametrize("data", [b"name,age\nx,3\n", b"", b"# only: words\n", b"I\0II", b"1,2,3\n1,2,3\n", b"{}"])
def test_other_tables_are_not_claimed(data: bytes) -> None:
    assert not CsvReader().recognizes(data)


def test_json_wants_leads_of_one_length_and_numbers() -> None:
    good = {"sampling_rate_hz": 500, "unit": "mV", "leads": {"I": [1, None, 0.5], "II": [1, 2, 3]}}
    np.testing.assert_array_equal(of_json(good).microvolts, [[1000, np.nan, 500], [1000, 2000, 3000]])
    for leads in ({"I": [1, 2], "II": [1]}, {"I": ["1"]}, {"I": [[1]]}, {"I": {"a": 1}}):
        with pytest.raises(Refused) as refused:
            of_json(good | {"leads": leads})
        assert refused.value.code is RefusalCode.format_broken
    with pytest.raises(Refused, match="unit: uV"):
        of_json({key: value for key, value in good.items() if key != "unit"})
