"""Whatever the bytes are: an Instance or Refused, within bounded time and memory."""

import io
import tracemalloc
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from services.imaging.parse.instance import read_instance
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.sort_out import UploadSorter
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import read, refusal_of

SEEDS = [
    dicom_files.ct(rows=8, columns=8),
    dicom_files.ct(rows=8, columns=8, transfer_syntax=ImplicitVRLittleEndian),
    dicom_files.ct(rows=8, columns=8, transfer_syntax=ExplicitVRBigEndian),
    dicom_files.compressed(frames=2, rows=8, columns=8),
    dicom_files.deflated_ct(),
    dicom_files.patient_cd([dicom_files.ct(rows=4, columns=4)])["DICOMDIR"],
    dicom_files.zip_of(dicom_files.patient_cd([dicom_files.ct(rows=4, columns=4)])),
]
HEADER = SEEDS[0][:132]
META = SEEDS[0][132 : read(SEEDS[0]).data_set_offset]
bounded = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])


@bounded
@given(st.sampled_from(SEEDS), st.integers(0, 6000), st.booleans())
def test_truncation_at_any_length(seed: bytes, length: int, whole_upload: bool) -> None:
    feed(seed[:length], whole_upload)


@bounded
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_flipped_bytes(seed: bytes, flips: list[tuple[int, int]]) -> None:
    broken = bytearray(seed)
    for place, value in flips:
        broken[place % len(broken)] = value
    feed(bytes(broken), whole_upload=True)


@bounded
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_good_beginning(tail: bytes) -> None:
    feed(HEADER + META + tail, whole_upload=False)


@pytest.mark.parametrize("empty", [b"\xfe\xff\xdd\xe0\0\0\0\0", b"\x08\0\x05\0CS\0\0"], ids=["delimiter", "element"])
def test_no_number_of_empty_elements_is_walked_to_its_end(empty: bytes) -> None:
    first = b"\x08\0\x05\0CS\0\0"
    assert refusal_of(HEADER + META + first + empty * 600_000) is FailureCode.HEADER_TOO_LARGE


def test_nor_a_meta_group_of_nothing() -> None:
    assert refusal_of(HEADER + META + b"\x02\0\x13\0SH\0\0" * 200_000 + b"\x08\0\x05\0CS\0\0") is FailureCode.BAD_HEADER


def test_nested_sequences_stop_at_a_fixed_depth() -> None:
    undefined = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 20_000
    assert refusal_of(HEADER + META + undefined) is FailureCode.BAD_HEADER
    explicit = b""
    for _ in range(400):
        item = b"\xfe\xff\x00\xe0" + len(explicit).to_bytes(4, "little") + explicit
        explicit = b"\x08\x00\x40\x11SQ\0\0" + len(item).to_bytes(4, "little") + item
    assert refusal_of(HEADER + META + explicit) is FailureCode.MISSING_SOP_INSTANCE_UID


def test_a_length_of_four_gigabytes_asks_for_no_memory() -> None:
    file = HEADER + META + b"\x08\x00\x18\x00UT\0\0\xfe\xff\xff\xff" + bytes(100)
    tracemalloc.start()
    assert refusal_of(file) is FailureCode.TRUNCATED
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_million_empty_elements_are_too_many() -> None:
    file = HEADER + META + b"\x09\x00\x01\x00LO\0\0" * 500_001
    assert refusal_of(file) is FailureCode.HEADER_TOO_LARGE


def test_a_header_in_small_pieces_makes_no_metadata_without_bound() -> None:
    number = b"\x08\x00\x52\x11DS\xa0\x0f" + b"1\\" * 1999 + b"1 "
    item = b"\xfe\xff\x00\xe0" + len(number).to_bytes(4, "little") + number
    data_set = dicom_files.base_data_set()
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    sequence = b"\x09\x00\x01\x10SQ\0\0" + (len(item) * 4000).to_bytes(4, "little") + item * 4000
    instance = read(dicom_files.to_bytes(data_set) + sequence)
    assert 1000 < len(instance.bulk) < 4000
    assert instance.bulk[0].path.startswith("00091001/")


def test_a_deflated_stream_of_nothing_is_bounded() -> None:
    assert refusal_of(SEEDS[4][: read(SEEDS[4]).data_set_offset] + b"\xff" * 100) is FailureCode.BAD_HEADER


def test_no_warning_repeats_a_value_of_the_file() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("badVR.dcm", "meta_missing_tsyntax.dcm", "reportsi_with_empty_number_tags.dcm"):
            feed(_shipped(name), whole_upload=False)
    assert caught == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MR_truncated.dcm", FailureCode.TRUNCATED),
        ("rtplan_truncated.dcm", FailureCode.TRUNCATED),
        ("ExplVR_LitEndNoMeta.dcm", FailureCode.NOT_DICOM),
        ("priv_SQ.dcm", FailureCode.MISSING_SOP_INSTANCE_UID),
        ("DICOMDIR", FailureCode.NOT_AN_INSTANCE),
    ],
)
def test_files_that_come_with_pydicom_refused(name: str, code: FailureCode) -> None:
    assert refusal_of(_shipped(name)) is code


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "test-SR.dcm"]
)
def test_files_that_come_with_pydicom_taken(name: str) -> None:
    assert read(_shipped(name)).sop_instance_uid


def feed(file: bytes, whole_upload: bool) -> None:
    """Anything but Refused fails the test by coming through."""
    if whole_upload:
        sorter = UploadSorter(default_charset="GB18030")
        list(sorter.sort("x", io.BytesIO(file), len(file)))
        sorter.conclude()
        return
    try:
        instance = read_instance(io.BytesIO(file), len(file), default_charset="GB18030")
    except Refused as refusal:
        assert refusal.dicom_reason >= 0xA700
    else:
        assert instance.sop_instance_uid and instance.study_uid


def _shipped(name: str) -> bytes:
    path = get_testdata_file(name, download=False)
    assert path is not None
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
