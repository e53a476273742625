"""Whatever SCP, CSV and JSON bytes are: a recording or Refused, within two seconds and bounded memory."""

import json
import random
import struct
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from services.ecg.parse.csv_table import CsvReader
from services.ecg.parse.json_table import JsonReader
from services.ecg.parse.reader import Reader, SourceFile
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.scp.reader import ScpReader
from tests.support.cpu import spent
from tests.support.ecg_files import scp_device, scp_example, scp_leads, scp_statements, scp_text, scp_when

CURVES = {name: np.arange(90, dtype=np.int64) * number % 37 for number, name in enumerate(("I", "II", "V1"), start=1)}
SCP_TAGS = scp_text(0, "TEST") + scp_device() + scp_when(2026, 3, 1, 8, 0, 0)
SCP_SECTIONS = {
    7: struct.pack("<BBHH5H3h", 1, 1, 731, 29999, 100, 202, 277, 377, 620, 64, -49, 25) + bytes(40),
    8: scp_statements([b"sinus", b"normal"]),
    10: struct.pack("<HHHH4h", 1, 0, 1, 8, 102, 177, 100, 343),
}
CSV = "# sampling_rate_hz: 500\n# unit: uV\nI;II;V1\n" + '1;2.5;-3\n;nan;"7"\n' * 40
JSON = json.dumps({"sampling_rate_hz": 500, "unit": "mV", "leads": {"I": [0.1, None] * 40, "V1": [1, 2] * 40}})
SEEDS = [
    pytest.param(ScpReader(), scp_example(CURVES, tags=SCP_TAGS, extra=SCP_SECTIONS), id="scp"),
    # Without checksums every flip reaches the decoders.
    pytest.param(
        ScpReader(), scp_example(CURVES, tags=SCP_TAGS, extra=SCP_SECTIONS, with_checksums=False), id="scp unchecked"
    ),
    pytest.param(ScpReader(), scp_example(CURVES, huffman=False, with_checksums=False), id="scp plain"),
    pytest.param(CsvReader(), CSV.encode(), id="csv"),
    pytest.param(JsonReader(), JSON.encode(), id="json"),
]  # fmt: skip


def feed(reader: Reader, broken: Iterable[bytes]) -> None:
    for data in broken:
        with spent() as reading:
            try:
                reader.recognizes(data)
                reader.read(SourceFile("x", data), {})
            except Refused as refused:
                assert refused.detail
        assert reading.seconds < 4


def flipped(whole: bytes, times: int) -> Iterable[bytes]:
    chance = random.Random(20260301)
    for _ in range(times):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        yield bytes(data)


@pytest.mark.parametrize(("reader", "whole"), SEEDS)
def test_truncation_at_every_length(reader: Reader, whole: bytes) -> None:
    assert reader.recognizes(whole)
    reader.read(SourceFile("x", whole), {})
    feed(reader, (whole[:length] for length in range(len(whole))))


@pytest.mark.parametrize(("reader", "whole"), SEEDS)
def test_flipped_bytes(reader: Reader, whole: bytes) -> None:
    feed(reader, flipped(whole, 300))


@pytest.mark.corpus
def test_carts_files_cut_and_flipped(corpus: Path) -> None:
    for path in sorted((corpus / "ecg/scp").iterdir()):
        whole = path.read_bytes()
        feed(ScpReader(), (whole[:length] for length in range(0, len(whole), len(whole) // 60)))
        feed(ScpReader(), flipped(whole, 100))


def test_a_truncated_scp_file_gives_no_shorter_ecg() -> None:
    whole = scp_example(CURVES)
    for length in range(len(whole)):
        with pytest.raises(Refused):
            ScpReader().read(SourceFile("x", whole[:length]), {})


def refusal_of(reader: Reader, data: bytes) -> RefusalCode:
    """Of a bomb: memory is measured beside."""
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as refused:
            reader.read(SourceFile("x", data), {})
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()
    return refused.value.code


def test_scp_counts_allocate_nothing_by_themselves() -> None:
    many = scp_leads({"I": (1, 600_000), "II": (1, 600_000), "V1": (1, 600_000)})
    assert refusal_of(ScpReader(), scp_example(CURVES, extra={3: many})) is RefusalCode.format_broken
    apart = scp_leads({"I": (1, 90), "II": (0xF0000001, 0xF000005A), "V1": (1, 90)})
    assert refusal_of(ScpReader(), scp_example(CURVES, extra={3: apart})) is RefusalCode.too_large


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"leads": ' + b"[" * 200_000, RefusalCode.too_large),
        (b'{"leads": ' + b"[" * 250, RefusalCode.format_broken),
        (b'{"leads": [' + b"{}," * 2_000_000 + b"1]}", RefusalCode.too_large),
        (b'{"leads": [' + b'"ab",' * 2_000_000 + b"1]}", RefusalCode.too_large),
        (b'{"leads": {"I": [' + b"1," * 5_000_000 + b"1]}}", RefusalCode.too_large),
        (b'{"leads": {"I": "x"}}', RefusalCode.format_broken),
        (b'{"leads": {"I": [1, true]}}', RefusalCode.format_broken),
        (b'{"leads": {}}', RefusalCode.no_waveform),
        (b'{"leads": ' + b"\xff" * 50, RefusalCode.format_broken),
        (b'[{"leads": 1}]', RefusalCode.format_broken),
    ],
    ids=["deep", "open", "objects", "texts", "numbers", "word", "truth", "none", "bytes", "list"],
)
def test_json_bombs(data: bytes, code: RefusalCode) -> None:
    assert refusal_of(JsonReader(), data) is code


def test_numbers_beyond_measure_are_infinite_and_no_crash() -> None:
    samples = ", ".join(["1e999", "9" * 5000, "-Infinity", "NaN", "null", "1"])
    data = f'{{"sampling_rate_hz": 500, "unit": "uV", "leads": {{"I": [{samples}]}}}}'.encode()
    row = JsonReader().read(SourceFile("x", data), {}).recording.microvolts[0]
    assert np.isfinite(row).tolist() == [False] * 5 + [True]
    table = b"# sampling_rate_hz: 500\n# unit: uV\nI\n1e999\n" + b"9" * 5000 + b"\n1\n"
    column = CsvReader().read(SourceFile("x", table), {}).recording.microvolts[0]
    assert np.isfinite(column).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"I,II\n" * 2_000_000, RefusalCode.too_large),
        (b"I" + b",II" * 1_000_000 + b"\n1", RefusalCode.too_large),
        (b"#a\n" * 500_000, RefusalCode.no_waveform),
        (b'I\n"' + b"x" * 1_000_000, RefusalCode.format_broken),
        (b"\n" * 40_000_000 + b"I", RefusalCode.too_large),
    ],
    ids=["rows", "columns", "comments", "cell", "lines"],
)
def test_csv_bombs(data: bytes, code: RefusalCode) -> None:
    assert refusal_of(CsvReader(), data) is code
