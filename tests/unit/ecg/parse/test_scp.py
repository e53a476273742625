"""What goes into an SCP file comes out of it, to the sample and to the letter."""

import struct
from datetime import UTC, date, datetime

import numpy as np
import pytest

from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.scp.reader import ScpReader
from tests.support.ecg_files import (
    ScpSteps,
    scp_code,
    scp_coded,
    scp_device,
    scp_differences,
    scp_example,
    scp_leads,
    scp_packed,
    scp_statements,
    scp_tag,
    scp_text,
    scp_when,
)


def steps(seed: int, count: int = 700, reach: int = 900) -> ScpSteps:
    """A curve that needs every kind of code: flat, small slopes and cliffs."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.integers(-9, 10, count)) + random.choice([0, 0, 0, reach, -reach], count)
    walk[:50] = 7
    return walk.astype(np.int64)


LEADS = {name: steps(number) for number, name in enumerate(("I", "II", "V1", "V3R", "aVF"))}


def read(data: bytes) -> Recording:
    return ScpReader().read(SourceFile("x.scp", data), {}).recording


def refusal_of(data: bytes) -> RefusalCode:
    with pytest.raises(Refused) as refused:
        read(data)
    return refused.value.code


@pytest.mark.parametrize("huffman", [True, False])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_every_coding_gives_the_same_samples(order: int, huffman: bool) -> None:
    recording = read(scp_example(LEADS, order=order, huffman=huffman))
    assert recording.leads == tuple(LEADS)
    assert recording.sampling_rate_hz == 500
    assert recording.resolution_uv == 2.5
    np.testing.assert_array_equal(recording.microvolts, np.stack(list(LEADS.values())) * 2.5)
    assert recording.remarks == ()


def test_a_second_difference_beyond_16_bits_wraps_as_the_cart_wrapped_it() -> None:
    cliff = np.array([0, 30_000, -30_000, 30_000, 0, 0], np.int64).repeat(100)
    np.testing.assert_array_equal(read(scp_example({"I": cliff})).microvolts[0], cliff * 2.5)


@pytest.mark.parametrize(("interval_us", "rate"), [(2000, 500), (1667, 600), (1000, 1000), (4000, 250), (3906, 256)])
def test_a_rounded_interval_is_the_rate_it_was_rounded_from(interval_us: int, rate: float) -> None:
    assert read(scp_example(LEADS, interval_us=interval_us)).sampling_rate_hz == rate


def test_own_tables_and_the_switch_between_them() -> None:
    tables = struct.pack("<H", 2)
    tables += struct.pack("<H", 3) + scp_code("0", 1, 5) + scp_code("10", 2, 2, is_value=False) + scp_code("11", 10, 0)
    tables += struct.pack("<H", 2) + scp_code("1", 1, -3) + scp_code("0", 1, 1, is_value=False)
    bits = "0" + "10" + "1" + "1" + "0" + "0" + "11" + "11111110"  # 5, to two: -3 -3, to one: 5, then -2 in 8 bits
    part = scp_packed(bits)
    rhythm = struct.pack("<HHBBH", 1000, 2000, 0, 0, len(part)) + part
    data = scp_example({"I": np.zeros(5, np.int64)}, extra={2: tables, 3: scp_leads({"I": (1, 5)}), 6: rhythm})
    assert read(data).microvolts.tolist() == [[5, -3, -3, 5, -2]]


def test_ambiguous_or_too_wide_tables_are_refused() -> None:
    twice = struct.pack("<HH", 1, 2) + scp_code("1", 1, 1) + scp_code("10", 2, 2)
    wide = struct.pack("<HH", 1, 1) + scp_code("1" * 20, 20, 1)
    assert refusal_of(scp_example(LEADS, extra={2: twice})) is RefusalCode.format_broken
    assert refusal_of(scp_example(LEADS, extra={2: wide})) is RefusalCode.format_unsupported


def test_subtracted_reference_beats_are_put_back_where_they_were() -> None:
    """The beat has 100 samples with its fiducial at 40, other steps than the rhythm, and one subtraction is cut."""
    rhythm, beat, fiducial = steps(1), np.arange(100) * 3, 40
    residual = rhythm.copy()
    placed = [(0, 61, 100, 160), (0, 290, 300, 310), (1, 400, 450, 500)]
    for kind, first, middle, last in placed:
        for sample in range(first, last + 1):
            if kind == 0:
                residual[sample - 1] -= 2 * beat[fiducial - 1 + sample - middle]
    section_4 = struct.pack("<HHH", 200, fiducial, 3) + b"".join(struct.pack("<HIII", *place) for place in placed)
    flagged = scp_leads({"II": (1, 700)}, flags=5)
    section_5 = scp_coded([beat], nanovolts=5000, interval_us=2000, order=1, huffman=True)
    data = scp_example({"II": residual}, extra={3: flagged, 4: section_4, 5: section_5})
    np.testing.assert_array_equal(read(data).microvolts[0], rhythm * 2.5)
    without = scp_example({"II": residual}, extra={3: flagged})
    assert refusal_of(without) is RefusalCode.format_broken


def test_bimodal_compression_is_refused_by_its_name() -> None:
    section = bytearray(scp_coded(list(LEADS.values()), nanovolts=2500, interval_us=2000, order=2, huffman=True))
    section[5] = 1
    with pytest.raises(Refused, match="双模压缩") as refused:
        read(scp_example(LEADS, extra={6: bytes(section)}))
    assert refused.value.code is RefusalCode.format_unsupported


def test_leads_of_other_stretches_lie_at_their_own_time() -> None:
    leads = {"I": (1, 700), "V1": (701, 1400)}
    recording = read(scp_example({"I": steps(1), "V1": steps(2)}, extra={3: scp_leads(leads)}))
    assert recording.microvolts.shape == (2, 1400)
    assert np.isnan(recording.microvolts[0, 700:]).all()
    np.testing.assert_array_equal(recording.microvolts[1, 700:], steps(2) * 2.5)


def test_minus_avr_is_turned_round() -> None:
    recording = read(scp_example({"-aVR": steps(1)}))
    assert recording.leads == ("aVR",)
    np.testing.assert_array_equal(recording.microvolts[0], -2.5 * steps(1))


def test_patient_cart_filters_and_time() -> None:
    tags = (
        scp_text(0, "测试", "gb18030")
        + scp_text(1, "甲", "gb18030")
        + scp_text(2, "P-0001")
        + scp_tag(4, struct.pack("<HB", 8, 2))
        + scp_tag(5, struct.pack("<HBB", 2025, 5, 8))
        + scp_tag(8, b"\2")
        + scp_device(model="TC30")
        + scp_when(2026, 3, 1, 8, 30, 5)
        + scp_tag(27, struct.pack("<H", 5))
        + scp_tag(28, struct.pack("<H", 150))
        + scp_tag(29, b"\2")
    )
    recording = read(scp_example(LEADS, tags=tags))
    assert recording.patient.name == "测试甲"
    assert (recording.patient.id, recording.patient.sex, recording.patient.age) == ("P-0001", "F", "8M")
    assert recording.patient.birth_date == date(2025, 5, 8)
    assert recording.recorded_at == datetime(2026, 3, 1, 0, 30, 5, tzinfo=UTC)
    assert (recording.device.model, recording.device.serial, recording.device.software) == ("TC30", "SN1", "SW2")
    assert (recording.filters.low_cut_hz, recording.filters.high_cut_hz, recording.filters.notch_hz) == (0.05, 150, 50)
    assert recording.remarks == (Remark.charset_assumed,)


@pytest.mark.parametrize(("minutes", "hour"), [(0, 0), (0x7FFF, 0), (480, 0), (60, 7)])
def test_an_offset_that_was_set_is_kept_and_zero_is_none(minutes: int, hour: int) -> None:
    tags = scp_when(2026, 3, 1, 8, 0, 0) + scp_tag(34, struct.pack("<hH", minutes, 0))
    assert read(scp_example(LEADS, tags=tags)).recorded_at == datetime(2026, 3, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "written", "text", "assumed"),
    [
        (0x27, "窦性心律".encode("gb18030"), "窦性心律", False),
        (0x01, "窦性心律".encode("gb18030"), "窦性心律", True),
        (0x00, "窦性心律".encode(), "窦性心律", True),
        (0x00, "朱镕基".encode("gb18030"), "朱镕基", True),
        (0x01, "långsam åldersgrupp".encode("latin-1"), "långsam åldersgrupp", False),
        (0x00, "långsam".encode("latin-1"), "långsam", True),
        (0x07, "窦性".encode("utf-16-le") + b"\0", "窦性", False),
        (0x00, b"sinus rhythm", "sinus rhythm", False),
    ],
)
def test_chinese_is_read_whatever_the_cart_declares(language: int, written: bytes, text: str, assumed: bool) -> None:
    data = scp_example(LEADS, tags=scp_device(language), extra={8: scp_statements([written])})
    recording = read(data)
    assert recording.statements == (text,)
    assert recording.remarks == ((Remark.charset_assumed,) if assumed else ())


def test_intervals_are_the_distances_of_the_marks() -> None:
    section = struct.pack("<BBHH5H3h", 1, 1, 731, 29999, 100, 202, 277, 377, 620, 64, -49, 999)
    section += struct.pack("<Hh6s", 500, 900, bytes(6)) + struct.pack("<H3HB", 0, 82, 29999, 401, 1)
    recording = read(scp_example(LEADS, extra={7: section}))
    cart = recording.cart
    assert (cart.p_ms, cart.pr_ms, cart.qrs_ms, cart.qt_ms, cart.qtc_ms) == (102, 177, 100, 343, 401)
    assert (cart.heart_rate_bpm, cart.rr_ms) == (82, 731)
    assert (cart.p_axis_deg, cart.qrs_axis_deg, cart.t_axis_deg) == (64, -49, None)
    assert recording.spike_samples == (250,)


def test_what_all_leads_share_fills_a_missing_global_measurement() -> None:
    def section(qt_of_second: int) -> bytes:
        leads = [struct.pack("<HH4h", code, 8, 102, 177, 100, qt) for code, qt in ((1, 343), (2, qt_of_second))]
        return struct.pack("<HH", 2, 0) + b"".join(leads)

    assert read(scp_example(LEADS, extra={10: section(343)})).cart.qt_ms == 343
    differing = read(scp_example(LEADS, extra={10: section(350)})).cart
    assert (differing.pr_ms, differing.qt_ms) == (177, None)


def test_a_cart_without_checksums_is_taken_with_a_word() -> None:
    assert read(scp_example(LEADS, with_checksums=False)).remarks == (Remark.checksum_wrong,)


def test_a_changed_name_is_taken_with_a_word_and_a_changed_curve_is_refused() -> None:
    whole = scp_example(LEADS, tags=scp_text(2, "P-0001"))
    for place, outcome in ((whole.index(b"P-0001"), None), (len(whole) - 9, RefusalCode.format_broken)):
        hurt = bytearray(whole)
        hurt[place] ^= 0x01
        if outcome:
            assert refusal_of(bytes(hurt)) is outcome
        else:
            assert read(bytes(hurt)).remarks == (Remark.checksum_wrong,)


def test_pointers_out_of_the_file_or_to_another_section_are_refused() -> None:
    for offset in (22 + 10 * 3 + 6, 22 + 10 * 6 + 6):
        for place in (7, 0xFFFFFFF0, 0):
            hurt = bytearray(scp_example(LEADS))
            struct.pack_into("<I", hurt, offset, place)
            assert refusal_of(bytes(hurt)) is RefusalCode.format_broken


def test_counts_without_bytes_behind_them_are_refused_before_anything_is_allocated() -> None:
    assert refusal_of(scp_example(LEADS, extra={3: scp_leads({"I": (1, 0xFFFFFFFF)})})) is RefusalCode.too_large
    assert refusal_of(scp_example(LEADS, extra={3: scp_leads({"I": (1, 1_999_999)})})) is RefusalCode.format_broken
    assert refusal_of(scp_example(LEADS, extra={3: b"\xff\4"})) is RefusalCode.format_broken


def test_without_rhythm_or_scale_there_is_no_ecg() -> None:
    assert refusal_of(scp_example(LEADS, extra={6: b""})) is RefusalCode.no_waveform
    assert refusal_of(scp_example(LEADS, nanovolts=0)) is RefusalCode.format_broken
    assert refusal_of(scp_example(LEADS, interval_us=0)) is RefusalCode.format_broken


def test_the_encoder_of_these_tests_knows_the_standard_s_second_difference() -> None:
    assert scp_differences(np.array([5, 7, 12, 12]), 2).tolist() == [5, 7, 3, -5]
