"""Whatever the bytes are: a recording or Refused, in bounded time and memory."""

import zlib
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from services.ecg.parse.dicom import DicomReader
from services.ecg.parse.limits import MAX_FILE_BYTES
from services.ecg.parse.refusal import RefusalCode, Refused
from tests.support.ecg_dicom import SYNTAXES, FakeGroup, curve, measurement, twelve, waveform_file
from tests.support.ecg_hostile import MAX_BYTES, flipped, outcome, peak_bytes, truncated

NOTES = [measurement("2:15872", "MDC", "PR", "160"), measurement("2:16132", "MDC", "QRS axis", "60", "deg")]
SHORT = {lead: stored[:600] for lead, stored in twelve().items()}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_made_files_truncated_and_flipped(syntax: str) -> None:
    data = waveform_file([FakeGroup(SHORT, padding=0)], syntax=syntax, annotations=NOTES)
    for broken in [*truncated(data), *flipped(data)]:
        outcome(DicomReader(), broken)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["ECGToolkit_Example.dcm", "waveform_ecg.dcm"])
def test_real_files_truncated_and_flipped(corpus: Path, name: str) -> None:
    data = (corpus / "ecg" / "dicom" / name).read_bytes()
    for broken in [*truncated(data), *flipped(data)]:
        outcome(DicomReader(), broken)


@pytest.mark.corpus
def test_broken_images_are_refused(corpus: Path) -> None:
    for path in sorted((corpus / "broken" / "dicom").iterdir()):
        assert isinstance(outcome(DicomReader(), path.read_bytes()), Refused)


def test_images_of_every_kind_are_refused() -> None:
    for name in ("CT_small.dcm", "MR_small_bigendian.dcm", "JPEG2000.dcm", "image_dfl.dcm", "rtplan.dcm"):
        path = get_testdata_file(name, download=False)
        assert path is not None
        refused = outcome(DicomReader(), Path(str(path)).read_bytes())
        assert isinstance(refused, Refused) and refused.code == RefusalCode.not_ecg


@pytest.mark.parametrize(
    "filler",
    [
        b"\xfe\xff\x00\xe0\0\0\0\0",  # an empty item
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x00\x54\x00\x01SQ\0\0\xff\xff\xff\xff",  # one within the other
    ],
)
def test_no_number_of_items_is_walked_to_its_end(filler: bytes) -> None:
    data = waveform_file()
    start = data.index(b"\x00\x54\x00\x01SQ")
    bomb = data[:start] + b"\x00\x54\x00\x01SQ\0\0\xff\xff\xff\xff" + filler * (MAX_FILE_BYTES // 4 // len(filler))
    refused = outcome(DicomReader(), bomb)
    assert isinstance(refused, Refused) and refused.code == RefusalCode.format_broken
    assert peak_bytes(DicomReader(), bomb) < MAX_BYTES


def test_a_deflated_bomb_is_not_inflated() -> None:
    deflated = SYNTAXES[3]
    data = waveform_file([FakeGroup(SHORT)], syntax=deflated)
    end_of_meta = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(b"\x08\0\x05\0CS\0\0") + packer.compress(bytes(256 << 20)) + packer.flush()
    assert peak_bytes(DicomReader(), data[:end_of_meta] + bomb) < MAX_BYTES
    assert isinstance(outcome(DicomReader(), data[:end_of_meta] + bomb), Refused)


@pytest.mark.parametrize("samples", [0, 1, 4_999, 0xFFFFFFFF])
def test_a_sample_count_that_lies(samples: int) -> None:
    data = bytearray(waveform_file([FakeGroup({"II": curve()})]))
    at = data.index(b"\x3a\x00\x10\x00UL\x04\x00") + 8
    data[at : at + 4] = samples.to_bytes(4, "little")
    found = outcome(DicomReader(), bytes(data))
    assert isinstance(found, Refused) is (samples != 4_999)
    assert peak_bytes(DicomReader(), bytes(data)) < 50 << 20


def test_nothing_of_the_patient_in_a_refusal() -> None:
    data = waveform_file([FakeGroup({"II": curve()}, sensitivity=None)], PatientName="测试^甲", PatientID="T0001")
    refused = outcome(DicomReader(), data)
    assert isinstance(refused, Refused)
    assert "测试" not in str(refused) and "T0001" not in str(refused)
