"""EDF and EDF+, against files pyedflib wrote and numbers pyedflib reads."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyedflib
import pytest

from services.ecg.parse.edf import EdfReader
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from tests.support.ecg_hostile import flipped, outcome, peak_bytes, truncated

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def read(data: bytes) -> Recording:
    return EdfReader().read(SourceFile("ecg.edf", data), {}).recording


def refusal_of(data: bytes) -> RefusalCode:
    with pytest.raises(Refused) as caught:
        read(data)
    return caught.value.code


def channel(label: str, *, rate: int = 500, unit: str = "mV", top: float = 10.0, prefilter: str = "") -> dict[str, Any]:
    return {
        "label": label,
        "dimension": unit,
        "sample_frequency": rate,
        "physical_max": top,
        "physical_min": -top,
        "digital_max": 32767,
        "digital_min": -32768,
        "transducer": "",
        "prefilter": prefilter,
    }


def by_pyedflib(path: Path, channels: list[dict[str, Any]], seconds: int = 10, plus: bool = True) -> bytes:
    kind = pyedflib.FILETYPE_EDFPLUS if plus else pyedflib.FILETYPE_EDF
    chance = np.random.default_rng(2)
    with pyedflib.EdfWriter(str(path), len(channels), file_type=kind) as writer:
        writer.setSignalHeaders(channels)
        writer.setStartdatetime(datetime(2026, 11, 21, 10, 20, 5))
        if plus:
            writer.setPatientCode("T0001")
            writer.setPatientName("Ce_Shi")
            writer.setSex(0)
            writer.setBirthdate(date(1960, 1, 31))
            writer.setAdmincode("A0001")
            writer.setEquipment("Cart_M1")
        writer.writeSamples(
            [chance.uniform(-0.1, 0.1, seconds * c["sample_frequency"]) * c["physical_max"] for c in channels]
        )
    return path.read_bytes()


def by_hand(
    signals: list[tuple[str, int]],
    records: list[list[bytes]],
    *,
    kind: str = "",
    record_s: str = "1",
    count: int | None = None,
    patient: bytes = b"Ce Shi",
    ranges: tuple[str, str, str, str] = ("-3276.8", "3276.7", "-32768", "32767"),
) -> bytes:
    """``signals``: label and samples a record; ``records``: bytes of each signal of each record."""
    low, high, digital_low, digital_high = (text.ljust(8).encode() for text in ranges)
    n = len(signals)
    head = b"0".ljust(8) + patient.ljust(80) + b"x".ljust(80) + b"21.11.26" + b"10.20.05"
    head += str(256 * (n + 1)).ljust(8).encode() + kind.ljust(44).encode()
    head += str(len(records) if count is None else count).ljust(8).encode()
    head += record_s.ljust(8).encode() + str(n).ljust(4).encode()
    head += b"".join(label.ljust(16).encode() for label, _ in signals) + b" " * 80 * n
    head += b"".join((b"uV" if "Annot" not in label else b"").ljust(8) for label, _ in signals)
    head += low * n + high * n + digital_low * n + digital_high * n + b" " * 80 * n
    head += b"".join(str(samples).ljust(8).encode() for _, samples in signals) + b" " * 32 * n
    return head + b"".join(piece for record in records for piece in record)


def second(value: int, rate: int = 200) -> bytes:
    return np.full(rate, value, "<i2").tobytes()


def discontinuous(onsets: list[float]) -> bytes:
    signals = [("ECG II", 200), ("EDF Annotations", 10)]
    records = [[second(i), f"+{onset:g}\x14\x14".encode().ljust(20, b"\0")] for i, onset in enumerate(onsets)]
    return by_hand(signals, records, kind="EDF+D")


@pytest.mark.parametrize("plus", [True, False])
@pytest.mark.parametrize(("unit", "top", "per_unit"), [("mV", 10.0, 1000.0), ("uV", 5000.0, 1.0), ("V", 0.01, 1e6)])
def test_twelve_leads_as_pyedflib_reads_them(
    tmp_path: Path, plus: bool, unit: str, top: float, per_unit: float
) -> None:
    path = tmp_path / "ecg.edf"
    data = by_pyedflib(path, [channel(f"ECG {lead}", unit=unit, top=top) for lead in LEADS], plus=plus)
    recording = read(data)
    assert EdfReader().recognizes(data) and recording.leads == LEADS
    assert recording.sampling_rate_hz == 500 and recording.duration_s == 10
    with pyedflib.EdfReader(str(path)) as theirs:
        for number, lead in enumerate(LEADS):
            np.testing.assert_allclose(recording.lead(lead), theirs.readSignal(number) * per_unit, atol=1e-6)
    assert recording.resolution_uv == pytest.approx(2 * top * per_unit / 65535)
    assert recording.recorded_at == datetime(2026, 11, 21, 2, 20, 5, tzinfo=UTC)


def test_what_edf_plus_says_of_the_patient(tmp_path: Path) -> None:
    recording = read(by_pyedflib(tmp_path / "e.edf", [channel("II", prefilter="HP:0.05Hz LP:150Hz N:50Hz")]))
    assert (recording.patient.id, recording.patient.name, recording.patient.sex) == ("T0001", "Ce Shi", "F")
    assert recording.patient.birth_date == date(1960, 1, 31)
    assert recording.accession_number == "A0001" and recording.device.model == "Cart M1"
    assert (recording.filters.low_cut_hz, recording.filters.high_cut_hz, recording.filters.notch_hz) == (0.05, 150, 50)
    assert recording.remarks == ()


def test_chinese_in_a_field_meant_for_ascii() -> None:
    for codec in ("gb18030", "utf-8"):
        data = by_hand([("II", 200)], [[second(1)]] * 6, patient="测试甲".encode(codec))
        assert read(data).patient.name == "测试甲"


def test_of_several_rates_the_commonest_is_read(tmp_path: Path) -> None:
    channels = [channel("ECG II", rate=250), channel("ECG V1"), channel("ECG V5"), channel("Resp", rate=100)]
    recording = read(by_pyedflib(tmp_path / "e.edf", channels))
    assert recording.leads == ("V1", "V5") and recording.sampling_rate_hz == 500
    assert recording.remarks == (Remark.leads_ignored,)


def test_ten_hours_are_refused_by_the_header_alone() -> None:
    header = by_hand([("II", 500)], [], count=36_000)
    assert refusal_of(header) == RefusalCode.too_long
    assert refusal_of(by_hand([("II", 500)], [[second(1, 500)]] * 601, count=-1)) == RefusalCode.too_long


def test_an_unknown_number_of_records_is_counted() -> None:
    assert read(by_hand([("II", 200)], [[second(1)]] * 7, count=-1)).duration_s == 7


def test_of_a_discontinuous_file_the_first_stretch_of_five_seconds() -> None:
    recording = read(discontinuous([0, 1, 2, 10, 11, 12, 13, 14, 15, 30, 31]))
    assert recording.duration_s == 6 and recording.remarks == (Remark.samples_missing,)
    assert recording.lead("II")[0] == pytest.approx(0.3) and recording.lead("II")[-1] == pytest.approx(0.8)
    assert recording.recorded_at == datetime(2026, 11, 21, 2, 20, 15, tzinfo=UTC)


def test_a_discontinuous_file_without_a_gap_is_whole() -> None:
    recording = read(discontinuous([0, 1, 2, 3, 4, 5]))
    assert recording.duration_s == 6 and recording.remarks == ()


def test_a_discontinuous_file_of_crumbs_is_refused() -> None:
    assert refusal_of(discontinuous([0, 2, 4, 6, 8, 10])) == RefusalCode.too_short


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (by_hand([], []), RefusalCode.no_waveform),
        (by_hand([("EDF Annotations", 10)], [[b"\0" * 20]], record_s="0"), RefusalCode.no_waveform),
        (by_hand([("EEG Fpz-Cz", 200)], [[second(1)]] * 6), RefusalCode.no_waveform),
        (by_hand([("II", 200)], [[second(1)]] * 6)[:-1], RefusalCode.format_broken),
        (by_hand([("II", 200)], [[second(1)]] * 6, ranges=("0", "0", "-5", "5")), RefusalCode.samples_invalid),
        (by_hand([("II", 200)], [[second(1)]] * 6, ranges=("-5", "5", "7", "7")), RefusalCode.samples_invalid),
        (by_hand([("II", 200)], [[second(1)]] * 6, ranges=("-5", "x", "-7", "7")), RefusalCode.format_broken),
        (by_hand([("II", 20)], [[second(1, 20)]] * 6), RefusalCode.samples_invalid),
        (by_hand([("II", 200)], [[second(1)]], record_s="0.5"), RefusalCode.too_short),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(data: bytes, expected: RefusalCode) -> None:
    assert refusal_of(data) == expected


@pytest.mark.corpus
def test_a_file_of_annotations_has_no_waveform(corpus: Path) -> None:
    data = (corpus / "ecg" / "edf" / "test_edfann.edf").read_bytes()
    assert EdfReader().recognizes(data) and refusal_of(data) == RefusalCode.no_waveform


def test_hostile_bytes() -> None:
    twelve = by_hand([(lead, 200) for lead in LEADS], [[second(i) for i in range(12)]] * 6)
    for data in (twelve, discontinuous([0, 1, 2, 3, 4, 5, 9])):
        for broken in [*truncated(data), *flipped(data, head=256 * 14)]:
            outcome(EdfReader(), broken)


@pytest.mark.parametrize("per_record", ["99999999", "-1", "1e30", "0"])
def test_counts_that_lie_cost_nothing(per_record: str) -> None:
    data = by_hand([("II", 200)], [[second(1)]] * 6)
    at = data.index(b"200     ", 256)
    lying = data[:at] + per_record.ljust(8).encode() + data[at + 8 :]
    assert isinstance(outcome(EdfReader(), lying), Refused)
    assert peak_bytes(EdfReader(), lying) < 1 << 20
