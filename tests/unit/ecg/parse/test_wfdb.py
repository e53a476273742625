"""WFDB records, made by hand and the corpus's."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.wfdb import WfdbReader
from tests.support.ecg_hostile import flipped, outcome, peak_bytes, truncated

CHANCE = np.random.default_rng(4)
STORED = CHANCE.integers(-100, 100, (3, 5000))


def encoded(stored: np.ndarray, kind: int) -> bytes:
    """Interleaved samples in each storage format (signal(5))."""
    flat = stored.T.reshape(-1)
    if kind == 80:
        return (flat + 128).astype("u1").tobytes()
    if kind == 212:
        even = np.append(flat, 0) if len(flat) % 2 else flat
        first, second = even[0::2] & 0xFFF, even[1::2] & 0xFFF
        packed = np.stack((first & 0xFF, first >> 8 | (second >> 8) << 4, second & 0xFF), axis=1).astype("u1")
        return packed.tobytes()[: -(-len(flat) * 3 // 2)]
    if kind == 24:
        return flat.astype("<i4").view("u1").reshape(-1, 4)[:, :3].tobytes()
    return flat.astype({16: "<i2", 61: ">i2", 32: "<i4"}[kind]).tobytes()


def header(
    stored: np.ndarray, kind: str = "16", *, gain: str = "200(10)/mV", file: str = "r1.dat", end: str = ""
) -> str:
    lines = [f"r1 {len(stored)} 500 {stored.shape[1]} 10:20:05.5 21/11/2026"]
    for name, samples in zip(("I", "II", "V1"), stored, strict=False):
        checksum = ((int(samples.sum()) + 32768) & 0xFFFF) - 32768
        lines.append(f"{file} {kind} {gain} 16 0 {samples[0]} {checksum} 0 {name}")
    return "\n".join(lines) + "\n" + end


def upload(*files: tuple[str, bytes]) -> Mapping[str, SourceFile]:
    return {name.lower(): SourceFile(name, data) for name, data in files}


def read(text: str, data: bytes = b"", name: str = "r1.dat") -> Read:
    return WfdbReader().read(SourceFile("r1.hea", text.encode()), upload((name, data)))


def refusal_of(text: str, data: bytes = b"", name: str = "r1.dat") -> RefusalCode:
    with pytest.raises(Refused) as caught:
        read(text, data, name)
    return caught.value.code


@pytest.mark.parametrize("kind", [16, 24, 32, 61, 80, 212])
@pytest.mark.parametrize("count", [5000, 4999])
def test_every_storage_format(kind: int, count: int) -> None:
    stored = STORED[:, :count]
    text = header(stored, str(kind))
    assert WfdbReader().recognizes(text.encode())
    recording = read(text, encoded(stored, kind)).recording
    assert recording.leads == ("I", "II", "V1") and recording.remarks == ()
    np.testing.assert_allclose(recording.microvolts, (stored - 10) * 5.0)
    assert recording.resolution_uv == 5 and recording.recorded_at == datetime(2026, 11, 21, 2, 20, 5, 500_000, UTC)


def test_a_matlab_file_is_read_behind_its_header() -> None:
    result = read(header(STORED, "16x1+24", file="R1.mat"), bytes(24) + encoded(STORED, 16), "r1.MAT")
    np.testing.assert_allclose(result.recording.microvolts, (STORED - 10) * 5.0)
    assert result.used == ("r1.MAT",)


@pytest.mark.parametrize("kind", [16, 80, 212])
def test_the_number_for_no_value_is_no_value(kind: int) -> None:
    stored = STORED.copy()
    stored[1, 40:60] = {16: -32768, 80: -128, 212: -2048}[kind]
    recording = read(header(stored, str(kind)), encoded(stored, kind)).recording
    assert list(np.flatnonzero(np.isnan(recording.lead("II")))) == list(range(40, 60))
    assert recording.remarks == (Remark.samples_missing,)


def test_a_wrong_checksum_or_first_value_is_said() -> None:
    for place in (0, 777):
        stored = STORED.copy()
        stored[1, place] += 1
        recording = read(header(STORED), encoded(stored, 16)).recording
        assert recording.remarks == (Remark.checksum_wrong,)


@pytest.mark.parametrize(
    ("gain", "step", "baseline"),
    [("200/mV", 5.0, 0), ("0.2(-7)/uV", 5.0, -7), ("2e5/V", 5.0, 0), ("100", 10.0, 0), ("-200(3)", -5.0, 3)],
)
def test_gain_baseline_and_units(gain: str, step: float, baseline: int) -> None:
    recording = read(header(STORED, gain=gain), encoded(STORED, 16)).recording
    np.testing.assert_allclose(recording.microvolts, (STORED - baseline) * step)
    assert recording.resolution_uv == pytest.approx(abs(step))


def test_a_gain_left_out_is_assumed_and_said() -> None:
    recording = read(header(STORED, gain="0"), encoded(STORED, 16)).recording
    np.testing.assert_allclose(recording.microvolts, STORED * 5.0)
    assert recording.remarks == (Remark.scale_assumed,)


def test_comments_of_both_dialects() -> None:
    for end in ("# Age: 61\n# Sex: Female\n# Dx: 426783006,39732003\n", "#<age>: 61\n#<sex>: F\n#<diagnoses>:\n"):
        recording = read(header(STORED, end=end), encoded(STORED, 16)).recording
        assert (recording.patient.age, recording.patient.sex) == ("61Y", "F")
        assert recording.statements == (("426783006", "39732003") if "Dx" in end else ())


def test_a_path_in_the_header_leads_nowhere() -> None:
    for file in ("../../etc/r1.dat", "C:\\carts\\r1.dat", "/r1.dat"):
        assert read(header(STORED, file=file), encoded(STORED, 16)).used == ("r1.dat",)
    assert refusal_of(header(STORED, file="../r2.dat")) == RefusalCode.companion_missing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (header(STORED).replace("r1 3", "r1/2 3"), RefusalCode.format_unsupported),
        (header(STORED, "310"), RefusalCode.format_unsupported),
        (header(STORED, "16x4"), RefusalCode.format_unsupported),
        (header(STORED).replace("r1 3 500", "r1 0 500"), RefusalCode.no_waveform),
        (header(STORED).replace("5000", "500000"), RefusalCode.too_long),
        (header(STORED).replace("r1 3 500", "r1 3 32000").replace("5000", "9999999"), RefusalCode.too_large),
        (header(STORED).replace("r1 3 500", "r1 3 5"), RefusalCode.samples_invalid),
        (header(STORED, gain="1e-30"), RefusalCode.samples_invalid),
        (header(STORED, gain="200/mmHg"), RefusalCode.no_waveform),
        (header(STORED).replace("5000", "6000"), RefusalCode.format_broken),
        (header(STORED).replace("r1 3", "r1 9"), RefusalCode.format_broken),
        (header(STORED[:, :400]), RefusalCode.too_short),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(text: str, expected: RefusalCode) -> None:
    assert refusal_of(text, encoded(STORED, 16)) == expected


def test_the_format_that_is_not_read_is_named() -> None:
    with pytest.raises(Refused, match="311"):
        read(header(STORED, "311"), b"\0" * 60_000)


@pytest.mark.parametrize("other", [b"", b"I,II\n1,2\n", b"{}", b"<a/>", b"r1 12 500 5000\n", b"DICM" * 40])
def test_other_files_are_not_taken_for_headers(other: bytes) -> None:
    assert not WfdbReader().recognizes(other)


def record_of(path: Path) -> Read:
    companions = {p.name.lower(): SourceFile(p.name, p.read_bytes()) for p in path.parent.glob(f"{path.stem}.*")}
    return WfdbReader().read(SourceFile(path.name, path.read_bytes()), companions)


@pytest.mark.corpus
@pytest.mark.parametrize(("folder", "at_least"), [("ludb", 80), ("cinc2021", 25), ("cpsc2021", 1)])
def test_every_record_of_the_corpus_opens_and_its_checksums_agree(corpus: Path, folder: str, at_least: int) -> None:
    headers = sorted((corpus / "ecg" / "wfdb" / folder).glob("*.hea"))
    assert len(headers) >= at_least
    for path in headers:
        recording = record_of(path).recording
        assert recording.remarks == (Remark.time_missing,), path.name
        assert len(recording.leads) == (2 if folder == "cpsc2021" else 12)


def test_hostile_headers_and_data() -> None:
    text = header(STORED, end="# Age: 61\n").encode()
    companions = upload(("r1.dat", encoded(STORED, 16)))
    for broken in [*truncated(text), *flipped(text)]:
        outcome(WfdbReader(), broken, companions)
    for kind in (16, 80, 212):
        good = encoded(STORED, kind)
        for data in [*truncated(good, 30), *flipped(good, count=40)]:
            outcome(WfdbReader(), header(STORED, str(kind)).encode(), upload(("r1.dat", data)))


@pytest.mark.corpus
def test_hostile_headers_of_the_corpus(corpus: Path) -> None:
    path = next(iter(sorted((corpus / "ecg" / "wfdb" / "cinc2021").glob("*.hea"))))
    companions = {p.name.lower(): SourceFile(p.name, p.read_bytes()) for p in path.parent.glob(f"{path.stem}.*")}
    for broken in [*truncated(path.read_bytes()), *flipped(path.read_bytes())]:
        outcome(WfdbReader(), broken, companions)


def test_a_header_without_a_count_does_not_unfold_a_large_file() -> None:
    text = header(STORED[:1], "80").replace(" 5000 ", " 0 ")
    companions = upload(("r1.dat", bytes(60 << 20)))
    assert isinstance(outcome(WfdbReader(), text.encode(), companions), Refused)
    assert peak_bytes(WfdbReader(), text.encode(), companions) < 10 << 20
