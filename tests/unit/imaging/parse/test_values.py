"""Values as devices write them, and as JSON can hold them."""

import json
from datetime import date, time, timedelta

import pytest

from services.imaging.parse.instance import Instance
from services.imaging.parse.moments import moment, parse_age, parse_date, parse_time, parse_zone
from services.imaging.parse.remark import Remark
from shared.clock import SHANGHAI
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import read


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20261121", date(2026, 11, 21)),
        ("2026.11.21", date(2026, 11, 21)),
        ("2026-11-21 ", date(2026, 11, 21)),
        ("20260230", None),
        ("00010101", None),
        ("99991231", None),
        ("20261121-20261122", None),
        ("", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("102000", time(10, 20)),
        ("1020", time(10, 20)),
        ("10", time(10)),
        ("10:20:30.5", time(10, 20, 30, 500_000)),
        ("102030.123456789", time(10, 20, 30, 123_456)),
        ("235960", time(23, 59, 59)),
        ("2500", None),
        ("noon", None),
    ],
)
def test_times(text: str, clock: time | None) -> None:
    assert parse_time(text) == clock


def test_zones_and_moments() -> None:
    assert parse_zone("") is SHANGHAI and parse_zone("+9900") is SHANGHAI
    assert parse_zone("-0330").utcoffset(None) == -timedelta(hours=3, minutes=30)
    assert moment(date(2026, 1, 1), None, SHANGHAI) is None


def test_ages() -> None:
    assert [parse_age(text) for text in ("065Y", "3M", "000D", "sixty")] == ["65Y", "3M", "0D", None]


def test_numbers_that_are_none_stay_text_and_are_remarked() -> None:
    instance = _read(_raw(0x00280008, "IS", b"1A"), _raw(0x00281050, "DS", b"40\\NaN\\x"))
    assert instance.metadata["00280008"] == {"vr": "IS", "Value": ["1A"]}
    assert instance.metadata["00281050"] == {"vr": "DS", "Value": [40.0, "NaN", "x"]}
    assert instance.remarks == (Remark.VALUE_UNREADABLE,)
    assert instance.number_of_frames == 1


def test_numbers_that_json_has_not_become_words() -> None:
    values = b"\0\0\xc0\x7f" + b"\0\0\x80\x7f" + b"\0\0\x80\xff" + b"\0\0\xc0\x3f"
    model = _read(_raw(0x00189461, "FL", values)).metadata
    assert model["00189461"] == {"vr": "FL", "Value": ["NaN", "Infinity", "-Infinity", 1.5]}
    json.dumps(model, allow_nan=False)


def test_text_keeps_no_character_that_a_database_refuses() -> None:
    instance = _read(_raw(0x00081030, "LO", b"CHEST\0 \x07PA\0\0"), _raw(0x00100040, "CS", "男".encode("gb18030")))
    assert instance.study_description == "CHEST PA"
    assert "\\u0000" not in json.dumps(instance.metadata)
    assert instance.patient.sex == "M"


def test_a_field_longer_than_an_index_takes_is_cut_but_whole_in_the_metadata() -> None:
    instance = _read(_raw(0x00080050, "SH", b"A" * 5000))
    assert instance.accession_number == "A" * 256
    assert instance.metadata["00080050"]["Value"] == ["A" * 5000]


def test_a_number_beyond_32_bits_is_no_number() -> None:
    instance = _read(_raw(0x00200011, "IS", b"99999999999"), _raw(0x00200013, "IS", b"2147483647"))
    assert (instance.series_number, instance.instance_number) == (None, 2147483647)


def test_a_public_element_passed_on_as_un_is_known_again() -> None:
    assert _read(_raw(0x00081030, "UN", b"CHEST ")).study_description == "CHEST"


def test_small_binary_values_are_kept_and_private_ones_too() -> None:
    model = _read(_raw(0x00090010, "LO", b"SYNTHETIC "), _raw(0x00091001, "UN", b"\1\2")).metadata
    assert model["00090010"] == {"vr": "LO", "Value": ["SYNTHETIC"]}
    assert model["00091001"] == {"vr": "UN", "InlineBinary": "AQI="}


def _raw(tag: int, vr: str, value: bytes) -> bytes:
    """One element in Explicit VR Little Endian, legal or not."""
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr.encode()
    if vr == "UN":
        return head + b"\0\0" + len(value).to_bytes(4, "little") + value
    return head + len(value).to_bytes(2, "little") + value


def _read(*elements: bytes) -> Instance:
    """A report with these elements behind its own; of two with one tag the last counts."""
    data_set = dicom_files.base_data_set()
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    return read(dicom_files.to_bytes(data_set) + b"".join(elements))
