from datetime import date
from pathlib import Path

import pytest

from services.lab.parse.astm_answers import write_answers
from services.lab.parse.astm_frames import frames_of
from services.lab.parse.astm_records import read_astm
from services.lab.parse.message import (
    ControlFacts,
    HostQuery,
    LineStatus,
    Message,
    MessagePatient,
    QueryAnswer,
    RejectCode,
    Rejected,
    ResultLine,
)
from tests.support.lab_messages import ASTM_QUERY, astm_results


def read(*records: str, header: str = "H|\\^&|||c311^1") -> Message:
    (message,) = read_astm(("\r".join([header, *records, "L|1|N"]) + "\r").encode())
    return message


def result(record: str) -> ResultLine:
    return read("P|1", "O|1|S1||^^^GLU", record).groups[0].lines[0]


def test_results_of_a_rack() -> None:
    (group,) = read_astm(astm_results())[0].groups
    assert (group.specimen_number, group.requested_codes) == ("PR123", ("WBC", "RBC"))
    assert group.patient == MessagePatient("P0001", "Test A", "M", date(1987, 6, 26))
    assert [(line.code, line.dilution, line.value, line.unit, line.flags) for line in group.lines] == [
        ("WBC", "1", "8.13", "10*3/uL", ("N",)), ("RBC", "1", "2.60", "10*3/uL", ("N",)),
    ]  # fmt: skip


def test_framed_and_bare_are_the_same() -> None:
    assert read_astm(b"\x05" + b"".join(frames_of(astm_results(), 20)) + b"\x04") == read_astm(astm_results())


@pytest.mark.parametrize(
    ("test", "code", "dilution"),
    [
        ("^^^GLU", "GLU", ""), ("^^^685/", "685", ""), ("^^^685/2", "685", "2"), ("^^^GLU^5", "GLU", "5"),
        ("^^^^WBC^1", "WBC", "1"), ("HBCT", "HBCT", ""), ("^^^A/G", "A/G", ""),
        ("^MTB-RIF^^Xpert^^^rpoB1^Ct", "MTB-RIF^^Xpert^^^rpoB1^Ct", ""),
    ],
)  # fmt: skip
def test_item_codes(test: str, code: str, dilution: str) -> None:
    line = result(f"R|1|{test}|5.1|mmol/L||||F")
    assert (line.code, line.dilution) == (code, dilution)


@pytest.mark.parametrize(
    ("letter", "status", "flags"),
    [
        ("F", "final", ()),
        ("P", "preliminary", ()),
        ("C", "corrected", ()),
        ("X", "deleted", ()),
        ("W", "final", ("W",)),
    ],
)
def test_status(letter: str, status: str, flags: tuple[str, ...]) -> None:
    line = result(f"R|1|^^^GLU|5.1|||||{letter}")
    assert (line.status, line.flags) == (LineStatus(status), flags)


def test_a_word_in_the_place_of_the_status_is_shown() -> None:
    assert result("R|1|^^^GLU|5.1|||||Positif").comments == ("Positif",)


@pytest.mark.parametrize(
    ("sent", "value"), [("NOT DETECTED^", "NOT DETECTED"), ("^0.0", "0.0"), ("-1^0.12", "-1^0.12")]
)
def test_values(sent: str, value: str) -> None:
    assert result(f"R|1|^^^GLU|{sent}").value == value


def test_comments_follow_their_record() -> None:
    (group,) = read("P|1", "C|1|I|fasting", "O|1|S1||^^^GLU", "R|1|^^^GLU|5", "C|1|I|43|I").groups
    assert (group.comments, group.lines[0].comments) == (("fasting",), ("43",))


def test_specimens_of_two_patients_stay_apart() -> None:
    message = read("P|1||A", "O|1|S1", "R|1|^^^K|4", "P|2||B", "O|1|S2", "R|1|^^^K|5")
    assert [(g.patient.id, g.specimen_number, g.lines[0].value) for g in message.groups] == [
        ("A", "S1", "4"),
        ("B", "S2", "5"),
    ]


@pytest.mark.parametrize(
    ("record", "facts"),
    [
        ("O|1|LJ1||^^^GLU|R||||||Q", ControlFacts("", "", "LJ1")),
        ("O|1||1^1^ QC-32630801^B|^^^^WBC|R", ControlFacts("32630801", "", "QC-32630801")),
        ("O|1|S1||^^^GLU|R||||||N", None),
    ],
)
def test_controls(record: str, facts: ControlFacts | None) -> None:
    assert read("P|1", record, "R|1|^^^GLU|5").groups[0].control == facts


def test_own_delimiters_and_escapes() -> None:
    message = read("P|1", "O|1|S1", "R|1|@@@GLU|a$F$b", header="H|\\@$|||X")
    assert (message.groups[0].lines[0].code, message.groups[0].lines[0].value) == ("GLU", "a|b")


def test_a_query_and_its_answer() -> None:
    (asked,) = read_astm(ASTM_QUERY)
    assert asked.queries == (HostQuery(("PR123",), "1", "astm"),)
    patient = MessagePatient("P1", "测试甲", "F", date(1980, 1, 2))
    written = write_answers(
        asked, asked.queries[0], [QueryAnswer("PR123", patient, (("WBC", "白细胞"), ("RBC", "红细胞")))], charset="GBK"
    )
    header, person, order, end = (line.split("|") for line in written.decode("gb18030").rstrip("\r").split("\r"))
    assert (header[1], header[9], header[11]) == ("\\^&", "XN-550^00-24", "P")
    assert (person[3], person[5], person[7], person[8]) == ("P1", "测试甲", "19800102", "F")
    assert (order[2], order[3].split("^")[2].strip(), order[4], order[25]) == ("", "PR123", "^^^WBC\\^^^RBC", "Q")
    assert end == ["L", "1", "F"]
    assert write_answers(asked, asked.queries[0], []).endswith(b"L|1|I\r")


@pytest.mark.parametrize(
    ("field", "numbers"),
    [("^S1", ("S1",)), ("S1", ("S1",)), ("^S1\\^S2", ("S1", "S2")), ("ALL", ()), ("^^S1^B", ("S1",))],
)
def test_who_is_asked_for(field: str, numbers: tuple[str, ...]) -> None:
    assert read(f"Q|1|{field}||||||||||O").queries[0].specimen_numbers == numbers


def test_a_cancelled_query_asks_nothing() -> None:
    message = read("Q|1|^S1||||||||||A")
    assert (message.kind, message.queries) == ("cancel", ())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "message_broken"), (b"P|1\r", "message_broken"), (b"H\r", "message_broken"),
        (b"hello\r", "message_broken"), (b"H|\\^&\rL|1\r", "message_empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(raw: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_astm(raw)
    assert refused.value.code == code


def test_truncated_and_flipped_bytes_are_read_or_refused() -> None:
    raw = b"".join(frames_of(astm_results()))
    damaged = [raw[:size] for size in range(0, len(raw), 5)]
    for place in range(300):
        flipped = bytearray(raw)
        flipped[place * 7919 % len(raw)] ^= 1 << (place % 8)
        damaged.append(bytes(flipped))
    read_count = 0
    for each in damaged:
        try:
            read_count += len(read_astm(each))
        except Rejected as refused:
            assert refused.code in RejectCode
    assert read_count > 100


@pytest.mark.corpus
def test_every_result_of_the_corpus_comes_out(corpus: Path) -> None:
    """The files ``frame_test_codecs_*`` are single frames of letters from another library's tests: no message."""
    found = {}
    for path in sorted((corpus / "lab" / "astm").iterdir()):
        raw = path.read_bytes()
        if path.name.startswith("frame_test_codecs"):
            with pytest.raises(Rejected):
                read_astm(raw)
            continue
        lines = raw.replace(b"\x02", b"\r").replace(b"\n", b"\r").split(b"\r")
        expected = sum(line.lstrip(b"01234567").startswith(b"R|") for line in lines)
        found[path.name] = sum(len(group.lines) for message in read_astm(raw) for group in message.groups)
        assert found[path.name] == expected, path.name
    assert sum(found.values()) == 140
