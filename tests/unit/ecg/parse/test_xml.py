"""XML from outside: encodings, bombs, bounds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.ecg.parse.limits import MAX_FILE_BYTES
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml import MAX_DEPTH, MAX_ELEMENTS, parse_xml, root_name
from services.ecg.parse.xml_values import age, base64_bytes, hl7_time, local_time, measured, number, numbers
from tests.support.cpu import spent

_LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
_UNSAFE = {
    "billion laughs": f"<!DOCTYPE x [{_LOL}]><x>&l9;</x>",
    "quadratic": f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]><x>{"&a;" * 50_000}</x>',
    "file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "http": '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]><x>&a;</x>',
    "parameter": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;]><x/>',
    "attribute defaults": f'<!DOCTYPE x [<!ATTLIST y a CDATA "{"a" * 100_000}">]><x>{"<y/>" * 1000}</x>',
    "deep": "<x>" * (MAX_DEPTH + 1),
    "many": "<x>" + "<y/>" * MAX_ELEMENTS + "</x>",
    "attributes": "<x " + " ".join(f'a{n}=""' for n in range(400_001)) + "/>",
    "one long tag": f'<x a="{"a" * (8 << 20)}"/>',
    "one long comment": f"<x><!--{'a' * (8 << 20)}--></x>",
}
_HUGE = """
import sys, time
from pathlib import Path
from services.ecg.parse.aecg import AecgReader
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.refusal import Refused
head = b"<AnnotatedECG><component><series><component><sequenceSet><component><sequence><value><digits>"
unit = eval(sys.argv[1])
data = head + unit * (((64 << 20) - len(head)) // len(unit))
started = time.process_time()
try:
    AecgReader().read(SourceFile("x", data), {})
except Refused as refused:
    print(refused.code.value, time.process_time() - started, end=" ")
# Not ru_maxrss: a child begins with the peak of the process that started it.
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else ["VmHWM: 0 kB"]
print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)
"""


_MOST_S = 4.0  # of processor time; two on a machine of its own, and neighbours cost more than nothing


@pytest.mark.parametrize("name", _UNSAFE)
def test_bombs_and_outside_files_are_refused_at_once(name: str) -> None:
    with spent() as parsing, pytest.raises(Refused) as caught:
        parse_xml(_UNSAFE[name].encode())
    assert caught.value.code == RefusalCode.unsafe_xml
    assert parsing.seconds < _MOST_S


@pytest.mark.parametrize("unit", ["b'1 '", "b'1'", "b' '", "'测'.encode()", "b'<a/>'", "b'x=\"1\" '"])
def test_64_megabytes_are_refused_in_seconds_and_300_megabytes(unit: str) -> None:
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", _HUGE, unit],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, seconds, megabytes = done.stdout.split()
    assert code in {RefusalCode.too_large, RefusalCode.unsafe_xml, RefusalCode.format_broken}
    assert float(seconds) < _MOST_S
    assert float(megabytes) < 300


def test_a_larger_file_is_refused_unread() -> None:
    with pytest.raises(Refused) as caught:
        parse_xml(b"<" * (MAX_FILE_BYTES + 1))
    assert caught.value.code == RefusalCode.too_large


def test_a_doctype_that_names_a_dtd_is_passed_over_and_its_entities_leave_a_visible_gap() -> None:
    document = parse_xml(b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x>a&eacute;b</x>')
    assert document.root.text == "a\ufffdb"


@pytest.mark.parametrize(
    ("declared", "codec", "assumed"),
    [
        ("UTF-8", "utf-8", False),
        ("UTF-8", "utf-8-sig", False),
        ("utf-16", "utf-16", False),
        ("utf-16", "utf-16-le", False),
        ("utf-16", "utf-16-be", False),
        ("utf-16", "utf-8", False),  # a .NET string written as UTF-8
        ("GBK", "gbk", False),
        ("gb2312", "gb2312", False),
        ("GB18030", "gb18030", False),
        ("big5", "big5", False),
        ("ISO-8859-1", "gbk", True),
        ("ISO-8859-1", "utf-8", True),
        ("UTF-8", "gbk", True),
    ],
)
def test_the_encoding_is_found(declared: str, codec: str, assumed: bool) -> None:
    name = "測試" if codec == "big5" else "测试甲"
    document = parse_xml(f'<?xml version="1.0" encoding="{declared}"?>\n<a><n>{name}</n></a>'.encode(codec))
    assert document.root.said("n") == name
    assert document.remarks == ((Remark.charset_assumed,) if assumed else ())


def test_latin_letters_are_not_taken_for_chinese() -> None:
    document = parse_xml('<?xml version="1.0" encoding="ISO-8859-1"?><n>Müller 5 µV</n>'.encode("latin-1"))
    assert document.root.text == "Müller 5 µV"
    assert document.remarks == ()


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        parse_xml(b'<?xml version="1.0" encoding="x-klingon"?><a/>')
    assert caught.value.code == RefusalCode.format_unsupported


@pytest.mark.parametrize("data", [b"", b"   ", b"<", b"<a>", b"<a></b>", b"<a/><b/>", b"text", b"\0\0", b"\xff\xfe"])
def test_what_is_no_xml_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        parse_xml(data)
    assert caught.value.code == RefusalCode.format_broken


@pytest.mark.parametrize("text", ["\r\n <a/>", "<a/>\0\0\r\n"])
def test_padding_around_the_document_is_forgiven(text: str) -> None:
    assert parse_xml(text.encode()).root.name == "a"


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("<a/>", "a"),
        ("\ufeff<?xml version='1.0'?>\n<!-- <b> --><h:a x='1'>", "a"),
        ('<!DOCTYPE a SYSTEM "a.dtd">\n<a>', "a"),
        ('<!DOCTYPE a [<!ENTITY b "<c>">]><a>', "a"),
        ("<!-- never closed <a>", ""),
        ("text <a>", ""),
        ("", ""),
        ("<", ""),
        ("<>", ""),
    ],
)
def test_the_root_is_seen_in_the_first_kilobytes(text: str, root: str) -> None:
    assert root_name(text.encode()) == root
    assert root_name(text.encode("utf-16")) == root


def test_numbers_are_numbers_or_refused() -> None:
    assert numbers(" 1 -2\n3.5e1 ").tolist() == [1, -2, 35]
    assert numbers("1,-2,\n3,", ",").tolist() == [1, -2, 3]
    assert numbers("").size == 0
    for bad in ("1 nan 2", "inf", "1_0", "0x10", "1 a", "9" * 50):
        with pytest.raises(Refused) as caught:
            numbers(bad)
        assert caught.value.code == RefusalCode.samples_invalid
    with pytest.raises(Refused):
        numbers("1,,2", ",")  # an empty place would shift all that follows
    with pytest.raises(Refused):
        base64_bytes("QUJ*")


def test_single_values() -> None:
    assert [number(text) for text in ("4.88", "4,88", " -3 ", "---", "NaN", "1_0", "")] == [
        4.88, 4.88, -3, None, None, None, None,
    ]  # fmt: skip
    assert measured("-32768") is None
    assert [age("8", "MONTHS"), age("65", "a"), age("30", "hours"), age("", "YEARS"), age("5", "?")] == [
        "8M", "65Y", "1D", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "at"),
    [
        ("01-02-2024", "08:30:00"),
        ("2024-01-02", "08:30"),
        ("01/02/2024", "08:30:00"),
        ("02-JAN-2024", "8:30:00 AM"),
        ("20240102", "083000"),
    ],
)
def test_a_cart_time_is_shanghai_time(on: str, at: str) -> None:
    moment = local_time(on, at)
    assert moment is not None
    assert moment.isoformat() == "2024-01-02T00:30:00+00:00"


def test_times_that_say_too_little_are_no_times() -> None:
    assert local_time("2024-01-02", "") is None
    assert local_time("31-31-2024", "08:00") is None
    assert hl7_time("20240102") is None
    assert hl7_time("20241302083000") is None
    assert hl7_time("00010101000000") is None
    assert hl7_time("99991231235959-1200") is None
    assert hl7_time("19000101000000") is None  # a converter's "unknown"
    moments = [hl7_time(text) for text in ("202401020830", "20240102083000.5-0500", "20240102003000Z")]
    assert [moment and moment.isoformat() for moment in moments] == [
        "2024-01-02T00:30:00+00:00",
        "2024-01-02T13:30:00.500000+00:00",
        "2024-01-02T00:30:00+00:00",
    ]
