"""Whatever is cut off is refused, wherever the cut is."""

import pytest

from services.imaging.parse.refusal import FailureCode
from services.imaging.parse.remark import Remark
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import read, refusal_of

NATIVE = dicom_files.ct(rows=32, columns=32)
COMPRESSED = dicom_files.compressed(frames=3)
DEFLATED = dicom_files.deflated_ct()


@pytest.mark.parametrize("cut", [133, 400, len(NATIVE) - 2048, len(NATIVE) - 1000, len(NATIVE) - 1])
def test_a_native_file_cut_off_anywhere_is_refused(cut: int) -> None:
    assert refusal_of(NATIVE[:cut]) is FailureCode.TRUNCATED


def test_a_file_cut_off_right_before_its_pixel_data_is_refused() -> None:
    pixels = read(NATIVE).pixels
    assert pixels is not None
    assert refusal_of(NATIVE[: pixels.offset - 12]) is FailureCode.TRUNCATED


def test_a_pixel_data_element_shorter_than_rows_and_columns_say_is_refused() -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 32, 32)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data_set.PixelData = data_set.PixelData[:-64]
    assert refusal_of(dicom_files.to_bytes(data_set)) is FailureCode.TRUNCATED


def test_frames_that_are_not_there_are_missed() -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 8, 8, bits=8, frames=4)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    data_set.NumberOfFrames = 5
    assert refusal_of(dicom_files.to_bytes(data_set)) is FailureCode.TRUNCATED


def test_a_size_made_to_overflow_is_reckoned_exactly() -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 4, 4)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data_set.Rows = data_set.Columns = 46341
    assert refusal_of(dicom_files.to_bytes(data_set)) is FailureCode.TRUNCATED


def test_padding_behind_the_pixels_is_no_fault() -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 8, 8)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data_set.PixelData += bytes(130)
    assert read(dicom_files.to_bytes(data_set)).remarks == ()


def test_bytes_behind_the_data_set_are_remarked() -> None:
    assert read(NATIVE + bytes(512)).remarks == (Remark.TRAILING_BYTES,)


@pytest.mark.parametrize("missing", [1, 8, 9, 100, 1200])
def test_fragments_without_their_delimiter_are_refused(missing: int) -> None:
    assert refusal_of(COMPRESSED[:-missing]) is FailureCode.TRUNCATED


def test_fewer_fragments_than_frames_are_refused() -> None:
    pixels = read(COMPRESSED).pixels
    assert pixels is not None and pixels.fragments is not None
    last = pixels.fragments[-1][0] - 8
    assert refusal_of(COMPRESSED[:last] + COMPRESSED[-8:]) is FailureCode.TRUNCATED


@pytest.mark.parametrize("missing", [1, 50, 200])
def test_a_deflated_stream_without_its_end_is_refused(missing: int) -> None:
    assert refusal_of(DEFLATED[: -missing - 2]) is FailureCode.TRUNCATED


def test_an_empty_file_and_a_stranger_have_their_own_codes() -> None:
    assert refusal_of(b"") is FailureCode.EMPTY_FILE
    assert refusal_of(b"%PDF-1.7" + bytes(500)) is FailureCode.NOT_DICOM
    assert refusal_of(b"\0" * 128 + b"DICM") is FailureCode.TRUNCATED
