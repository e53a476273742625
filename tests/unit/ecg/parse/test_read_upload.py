"""What becomes of every file of an upload."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from services.ecg.parse import limits
from services.ecg.parse.formats import readers
from services.ecg.parse.read_upload import Ignored, read_upload
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from tests.support.ecg_files import scp_example, scp_when

CURVES = {name: (np.arange(1000, dtype=np.int64) * number) % 90 for number, name in enumerate(("I", "II", "V1"), 1)}
SCP = scp_example(CURVES, tags=scp_when(2026, 3, 1, 8, 0, 0))
GOOD = Recording("made", 500, ("I", "II"), np.ones((2, 1000)), recorded_at=datetime(2026, 3, 1, tzinfo=UTC))


class Given:
    """Answers a recording made before."""

    name = "given"

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def recognizes(self, data: bytes) -> bool:
        return True

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        return Read(self._recording)


def wfdb(stem: str, first: int) -> dict[str, bytes]:
    samples = np.arange(first, first + 2000, dtype="<i2") % 500
    header = (
        f"{stem} 2 500 1000\n{stem}.dat 16 200 16 0 {samples[0]} 0 0 I\n{stem}.dat 16 200 16 0 {samples[1]} 0 0 II\n"
    )
    return {f"{stem}.hea": header.encode(), f"{stem}.dat": samples.tobytes()}


def files(named: Mapping[str, bytes]) -> list[SourceFile]:
    return [SourceFile(name, data) for name, data in named.items()]


def checked(recording: Recording) -> Recording:
    return read_upload([SourceFile("x", b"x")], [Given(recording)]).recordings[0].recording


def refusal_of(recording: Recording) -> RefusalCode:
    upload = read_upload([SourceFile("x", b"x")], [Given(recording)])
    assert not upload.recordings
    assert upload.refusals[0][1].detail
    return upload.refusals[0][1].code


def test_header_and_signal_are_one_recording_in_any_order_and_case() -> None:
    parts = wfdb("r1", 3)
    for order in (["r1.hea", "r1.dat"], ["r1.dat", "r1.hea"]):
        upload = read_upload([SourceFile(f"A/{name.upper()}", parts[name]) for name in order])
        (taken,) = upload.recordings
        assert taken.files == (order.index("r1.hea") + 1, order.index("r1.dat") + 1)
        assert not upload.refusals
        assert taken.recording.format == "wfdb"


def test_companions_are_sought_in_the_header_s_own_folder() -> None:
    named = {
        f"{folder}/{name}": data for folder, first in (("a", 3), ("b", 90)) for name, data in wfdb("r", first).items()
    }
    upload = read_upload(files(named))
    assert [taken.files for taken in upload.recordings] == [(1, 2), (3, 4)]
    assert upload.recordings[0].recording.lead("I")[0] != upload.recordings[1].recording.lead("I")[0]


def test_half_of_a_pair_is_refused_as_such() -> None:
    parts = wfdb("r1", 3)
    for name in parts:
        ((number, refused),) = read_upload([SourceFile(name, parts[name])]).refusals
        assert (number, refused.code) == (1, RefusalCode.companion_missing)


def test_marks_leftovers_and_repetitions_are_left() -> None:
    named = wfdb("r1", 3) | {"r1.atr": b"\1\2\3", ".DS_Store": b"x", "one.scp": SCP, "two.scp": SCP}
    upload = read_upload([*files(named), SourceFile("r1.hea", named["r1.hea"]), SourceFile("R1.DAT", named["r1.dat"])])
    assert [taken.files for taken in upload.recordings] == [(1, 2), (5,)]
    assert upload.ignored == (
        (3, Ignored.annotation),
        (4, Ignored.leftover),
        (6, Ignored.duplicate),
        (7, Ignored.duplicate),
        (8, Ignored.duplicate),
    )
    assert not upload.refusals


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"%PDF-1.7", "PDF"), (b"\xff\xd8\xff\xe0", "JPEG"), (b"PK\3\4", "压缩包"), (b"hello", "不是"), (b"", "空")],
)
def test_what_is_no_ecg_is_told_what_this_centre_reads(data: bytes, word: str) -> None:
    ((_, refused),) = read_upload([SourceFile("x.scp", data)]).refusals
    assert refused.code is RefusalCode.not_ecg
    assert word in refused.detail
    assert not data or "aECG" in refused.detail


def test_a_good_file_beside_a_bad_one_is_taken() -> None:
    upload = read_upload(files({"a.pdf": b"%PDF-", "b.scp": SCP, "c.scp": SCP[:-5]}))
    assert [taken.files for taken in upload.recordings] == [(2,)]
    assert [(number, refused.code) for number, refused in upload.refusals] == [
        (1, RefusalCode.not_ecg),
        (3, RefusalCode.format_broken),
    ]


def test_scp_becomes_canonical_leads_with_the_derived_ones_marked() -> None:
    (taken,) = read_upload([SourceFile("noname", SCP)]).recordings
    recording = taken.recording
    assert recording.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1")
    assert recording.derived == {"III", "aVR", "aVL", "aVF"}
    np.testing.assert_array_equal(recording.lead("III"), (CURVES["II"] - CURVES["I"]) * 2.5)
    assert recording.remarks == ()


def test_infinite_and_impossible_values_are_gaps_with_a_word() -> None:
    samples = np.ones((2, 1000))
    samples[0, :3] = np.inf, -np.inf, 1e300
    recording = checked(replace(GOOD, microvolts=samples))
    assert np.isnan(recording.lead("I")).sum() == 3
    assert recording.remarks == (Remark.samples_missing,)
    assert np.isinf(samples[0, 0])  # the reader's own array stays as it was


def test_a_missing_time_and_unknown_leads_are_told() -> None:
    recording = checked(replace(GOOD, recorded_at=None, leads=("I", "Resp")))
    assert recording.leads == ("I",)
    assert set(recording.remarks) == {Remark.time_missing, Remark.leads_ignored}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"microvolts": np.ones((2, 499))}, RefusalCode.too_short),
        ({"microvolts": np.ones((2, 500 * 601))}, RefusalCode.too_long),
        ({"microvolts": np.ones((2, 2_000_001)), "sampling_rate_hz": 8000.0}, RefusalCode.too_large),
        ({"microvolts": np.full((2, 1000), np.inf)}, RefusalCode.samples_invalid),
        ({"microvolts": np.ones((3, 1000))}, RefusalCode.format_broken),
        ({"microvolts": np.ones(1000)}, RefusalCode.format_broken),
        ({"microvolts": np.ones((2, 0))}, RefusalCode.no_waveform),
        ({"leads": ("Resp", "SpO2")}, RefusalCode.no_waveform),
        ({"sampling_rate_hz": float("nan")}, RefusalCode.samples_invalid),
        ({"sampling_rate_hz": 0.0}, RefusalCode.samples_invalid),
        ({"sampling_rate_hz": limits.MAX_RATE_HZ * 2}, RefusalCode.samples_invalid),
    ],
)
def test_limits_hold_for_every_format(changed: dict[str, object], code: RefusalCode) -> None:
    assert refusal_of(replace(GOOD, **changed)) is code  # type: ignore[arg-type]


def test_texts_can_be_stored_wherever_they_go() -> None:
    patient = PatientFacts(id="P\0 1", name="测试\ud800甲\x1b", age="65Y")
    recording = checked(replace(GOOD, patient=patient, statements=("a\r\nb", "\0", "x" * 9999), accession_number="A\n"))
    assert (recording.patient.id, recording.patient.name, recording.patient.age) == ("P 1", "测试甲", "65Y")
    assert recording.statements[0] == "a b"
    assert len(recording.statements) == 2
    assert len(recording.statements[1]) == 2000
    assert recording.accession_number == "A"


def test_a_file_beyond_the_limit_is_not_even_looked_at() -> None:
    class Untouched(Given):
        def recognizes(self, data: bytes) -> bool:
            raise AssertionError

    upload = read_upload([SourceFile("x", bytes(limits.MAX_FILE_BYTES + 1))], [Untouched(GOOD)])
    assert upload.refusals[0][1].code is RefusalCode.too_large


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_no_reader_claims_or_fails_on_strange_bytes(reader: object) -> None:
    for data in (b"", b"\0" * 300, b"<", b"{", b"DICM", bytes(range(256)), b"\xff\xfe" + "<a/>".encode("utf-16-le")):
        (outcome,) = [read_upload([SourceFile("x", data)], [reader])]  # type: ignore[list-item]
        assert not outcome.recordings
        assert isinstance(outcome.refusals[0][1], Refused)
