"""Splitting, beside the ``hl7`` package as a second opinion."""

import re
from pathlib import Path

import hl7
import pytest

from services.lab.parse.hl7_segments import Delimiters, Segment, delimiters_of, split_lines
from services.lab.parse.message import Rejected

STANDARD = Delimiters()


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"10\S\9/L", "10^9/L"),
        (r"one\.br\two\.sp2\three", "one\ntwo\nthree"),
        ("\\X4142\\", "AB"),
        (r"\H\bold\N\ text", "bold text"),
        (r"\Zxx\ and \Q\ and \X4Z\ stay", r"\Zxx\ and \Q\ and \X4Z\ stay"),
        (r"C:\data", r"C:\data"),
        ("\\", "\\"),
    ],
)
def test_escapes(sent: str, meant: str) -> None:
    assert STANDARD.unescape(sent) == meant


def test_hexadecimal_is_in_the_messages_charset() -> None:
    assert STANDARD.unescape(r"\XD1F4D0D4\ ", "gb18030") == "阳性 "


def test_written_text_reads_back() -> None:
    text = "a|b^c&d~e\\f\n测试"
    assert STANDARD.unescape(STANDARD.escaped(text)) == text


def test_own_separators() -> None:
    signs = delimiters_of("MSH#*!/%#LAB#")
    assert signs == Delimiters("#", "*", "!", "/", "%")
    segment = Segment("OBX#1#NM#WBC*Leuko#/F/", signs, "utf-8")
    assert (segment.part(3, 2), segment.text(4)) == ("Leuko", "#")


@pytest.mark.parametrize("header", ["MSH|^^^^|", "MSHA^~\\&A"])
def test_separators_that_separate_nothing_are_refused(header: str) -> None:
    with pytest.raises(Rejected):
        delimiters_of(header)


def test_lines_end_as_they_like() -> None:
    for end in ("\r", "\n", "\r\n", "\r\r\n"):
        assert split_lines(end.join(["MSH|a", "PID|b", ""]))[0] == ["MSH|a", "PID|b"]


def test_a_text_broken_over_lines_is_one_text() -> None:
    lines, remarks = split_lines("MSH|a\rOBX|1|TX|||first\nsecond\rADD| more\rOBX|2")
    assert lines == ["MSH|a", "OBX|1|TX|||first\nsecond more", "OBX|2"]
    assert remarks == ("line_continued",)


@pytest.mark.corpus
def test_every_field_of_the_corpus_is_what_the_hl7_package_reads(corpus: Path) -> None:
    compared = 0
    for path in sorted((corpus / "lab" / "hl7v2").iterdir()):
        if path.suffix == ".out":
            continue
        text = path.read_text("utf-8-sig", errors="replace")
        lines, remarks = split_lines(text)
        if remarks or lines[0][:3] != "MSH":
            continue  # the package knows no text over several lines
        theirs = hl7.parse("\r".join(line.strip() for line in lines))
        signs = delimiters_of(lines[0])
        for line, their in zip(lines, theirs, strict=True):
            ours = Segment(line.strip(), signs, "utf-8")
            assert [str(each) for each in their] == [ours.name, *ours.fields[1:]]
            for number in range(3 if ours.name == "MSH" else 1, len(ours.fields)):
                if re.search(r"\\[^FSTRE]", ours[number]):
                    continue  # sequences that the package drops
                expected = theirs.unescape(str(their[number][0]) if their[number] else "")
                first = signs.unescape(ours[number].split("~")[0])
                assert first == expected, (path.name, ours.name, number)
                compared += 1
    assert compared > 20_000
