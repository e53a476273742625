"""What read_instance says of a sound file."""

import hashlib
import json
from datetime import UTC, date, datetime

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from services.imaging.parse.refusal import FailureCode
from services.imaging.parse.remark import Remark
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import read, refusal_of


def test_a_film_says_who_when_and_what() -> None:
    instance = read(dicom_files.dx(rows=25, columns=20))
    assert instance.patient.name == "测试甲"
    assert instance.patient.name_text == "Ce^Shi Jia=测试^甲"
    assert (instance.patient.id, instance.patient.sex, instance.patient.age) == ("T0001", "M", "66Y")
    assert instance.patient.birth_date == date(1960, 1, 31)
    assert (instance.modality, instance.body_part, instance.laterality) == ("DX", "CHEST", "U")
    assert (instance.rows, instance.columns, instance.number_of_frames) == (25, 20, 1)
    assert (instance.accession_number, instance.institution) == ("ACC0001", "测试卫生院")
    assert instance.character_set == ("GB18030",) and instance.charset_assumed is None
    assert instance.remarks == ()


def test_a_study_time_without_a_zone_is_chinese_time() -> None:
    assert read(dicom_files.ct(rows=4, columns=4)).study_at == datetime(2026, 11, 21, 2, 20, 0, 500000, UTC)


def test_a_study_time_follows_the_offset_of_the_data_set() -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 4, 4)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data_set.TimezoneOffsetFromUTC = "+0900"
    assert read(dicom_files.to_bytes(data_set)).study_at == datetime(2026, 11, 21, 1, 20, 0, 500000, UTC)


def test_a_full_film_is_measured_without_reading_its_pixels_into_the_header() -> None:
    file = dicom_files.dx()
    instance = read(file)
    assert instance.pixels is not None
    assert instance.pixels.length == 2500 * 2000 * 2
    assert instance.pixels.offset + instance.pixels.length == len(file) == instance.size_bytes
    assert "7FE00010" not in instance.metadata
    assert len(json.dumps(instance.metadata)) < 10_000


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian], ids=lambda s: s.name
)
def test_every_native_encoding_reads_the_same(syntax: str) -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 8, 6)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data_set.WindowCenter = [40.5, 400]
    data_set.SmallestImagePixelValue = 7
    data_set.ReferencedImageSequence = [_reference("1.2.3"), _reference("1.2.4")]
    instance = read(dicom_files.to_bytes(data_set, syntax))
    assert instance.transfer_syntax_uid == syntax
    assert (instance.patient.name, instance.rows, instance.columns) == ("测试甲", 8, 6)
    assert instance.metadata["00281050"] == {"vr": "DS", "Value": [40.5, 400.0]}
    assert instance.metadata["00280106"] == {"vr": "US", "Value": [7]}
    references = instance.metadata["00081140"]["Value"]
    assert [item["00081155"]["Value"] for item in references] == [["1.2.3"], ["1.2.4"]]
    assert instance.pixels is not None and instance.pixels.length == 96


def test_a_deflated_file_is_read_through() -> None:
    instance = read(dicom_files.deflated_ct())
    assert instance.patient.name == "测试甲"
    assert instance.pixels is None


def test_fragments_are_placed_one_by_one() -> None:
    file = dicom_files.compressed(frames=3)
    instance = read(file)
    assert instance.pixels is not None and instance.pixels.fragments is not None
    assert len(instance.pixels.fragments) == 4
    offset, length = instance.pixels.fragments[1]
    assert file[offset - 8 : offset - 4] == b"\xfe\xff\x00\xe0"
    assert int.from_bytes(file[offset - 4 : offset], "little") == length
    assert instance.number_of_frames == 3


def test_a_long_value_stays_in_the_file_and_is_named() -> None:
    pdf = b"%PDF-1.4 synthetic" + b"x" * 9000
    file = dicom_files.encapsulated_pdf(pdf)
    instance = read(file)
    assert instance.metadata["00420011"] == {"vr": "OB"}
    (bulk,) = instance.bulk
    assert (bulk.path, file[bulk.offset : bulk.offset + len(pdf)]) == ("00420011", pdf)


def test_metadata_are_utf8_whatever_was_declared() -> None:
    metadata = read(dicom_files.ct(rows=4, columns=4)).metadata
    assert metadata["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert metadata["00100010"]["Value"] == [{"Alphabetic": "Ce^Shi Jia", "Ideographic": "测试^甲"}]
    assert list(metadata) == sorted(metadata)
    assert not any(tag.startswith("0002") for tag in metadata)


def test_the_data_set_digest_leaves_out_preamble_and_group_0002() -> None:
    file = dicom_files.ct(rows=8, columns=8)
    instance = read(file)
    assert instance.file_sha256 == hashlib.sha256(file).hexdigest()
    assert instance.data_set_sha256 == hashlib.sha256(file[instance.data_set_offset :]).hexdigest()
    other = read(b"another preamble".ljust(128, b"\1") + file[128:])
    assert other.file_sha256 != instance.file_sha256
    assert other.data_set_sha256 == instance.data_set_sha256


@pytest.mark.parametrize(
    ("keyword", "code"),
    [
        ("SOPInstanceUID", FailureCode.MISSING_SOP_INSTANCE_UID),
        ("StudyInstanceUID", FailureCode.MISSING_STUDY_UID),
        ("SeriesInstanceUID", FailureCode.MISSING_SERIES_UID),
    ],
)
def test_without_its_uids_an_instance_has_no_place(keyword: str, code: FailureCode) -> None:
    data_set = dicom_files.add_pixels(dicom_files.base_data_set(), 4, 4)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    setattr(data_set, keyword, "")
    assert refusal_of(dicom_files.to_bytes(data_set)) is code
    del data_set[keyword]
    assert refusal_of(dicom_files.to_bytes(data_set)) is code


def test_a_uid_that_could_not_stand_in_a_path_is_refused() -> None:
    file = dicom_files.ct(rows=4, columns=4)
    uid = read(file).study_uid.encode()
    # The first three characters and no more: the length stays.
    assert refusal_of(file.replace(uid, b"../" + uid[3:])) is FailureCode.INVALID_UID


def test_a_uid_with_letters_is_taken_and_remarked() -> None:
    file = dicom_files.ct(rows=4, columns=4)
    uid = read(file).study_uid.encode()
    assert Remark.UID_NONCONFORMING in read(file.replace(uid, b"abc" + uid[3:])).remarks


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = uid
    return item
