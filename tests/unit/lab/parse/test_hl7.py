import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.lab.parse.hl7 import MAX_BYTES, RESULTS, read_hl7
from services.lab.parse.message import LineStatus, Message, RejectCode, Rejected, ResultLine
from tests.support.lab_messages import COUNT_ITEMS, blood_count, chemistry


def read(text: str, **setting: str) -> Message:
    (message,) = read_hl7(text.encode("utf-8"), **setting)
    return message


def lines_of(message: Message) -> list[ResultLine]:
    return [line for group in message.groups for line in group.lines]


def oru(*segments: str, header: str = "MSH|^~\\&|LIS|H|||20261105101500||ORU^R01|9|P|2.5.1||||||UNICODE UTF-8") -> str:
    return "\r".join([header, *segments]) + "\r"


def obx(text: str) -> ResultLine:
    return lines_of(read(oru("OBR|1|A1|S1|CBC", text)))[0]


def test_a_blood_count() -> None:
    message = read(blood_count())
    (group,) = message.groups
    assert (message.kind, message.message_id, message.sender) == ("ORU^R01", "1", "BC-5300^Mindray")
    assert message.sent_at == datetime(2026, 11, 5, 2, 15, tzinfo=UTC)
    assert (group.specimen_number, group.patient.name, group.patient.sex) == ("LAB000123", "测试甲", "F")
    assert group.patient.birth_date == date(1983, 7, 19)
    assert group.requested_codes == ("00001",)
    assert len(group.lines) == len(COUNT_ITEMS) + 1
    wbc = group.lines[1]
    assert (wbc.code, wbc.name, wbc.loinc, wbc.value, wbc.unit) == ("6690-2", "WBC", "6690-2", "5.00", "10*9/L")
    assert (wbc.reference_text, wbc.flags, wbc.status) == ("4.00-10.00", ("N",), LineStatus.final)
    assert message.remarks == ()


def test_chemistry_analyzers_have_the_barcode_in_obr_2_and_the_name_in_obx_4() -> None:
    (group,) = read(chemistry()).groups
    assert (group.specimen_number, group.accession_number, group.requested_codes) == ("LAB-000123", "", ())
    assert [(line.code, line.name, line.value, line.operator) for line in group.lines] == [
        ("2", "TBil", "5.000000", "tester"), ("7", "AST", "31.000000", "tester"),
    ]  # fmt: skip


@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
@pytest.mark.parametrize("declared", ["ASCII", "UNICODE UTF-8", "GB 18030-2000", "8859/1"])
def test_names_are_read_in_any_charset_under_any_declaration(codec: str, declared: str) -> None:
    (message,) = read_hl7(blood_count(charset=declared).encode(codec))
    assert message.groups[0].patient.name == "测试甲"
    assert message.charset == codec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("OBX|1|NM|K^K||4.10|mmol/L", "4.10"),
        ("OBX|1|ST|K^K||<0.5", "<0.5"),
        ("OBX|1|ST|HB^HB||阳性", "阳性"),
        ("OBX|1|SN|D^D||>^100", ">100"),
        ("OBX|1|SN|D^D||^1^:^128", "1:128"),
        ("OBX|1|SN|D^D||^0^-^5", "0-5"),
        ("OBX|1|CE|O^O||112283007^大肠埃希菌^SCT", "大肠埃希菌"),
        ("OBX|1|CE|O^O||^Bordetella^SNM", "Bordetella"),
        ("OBX|1|CWE|O^O||A~B", "A\nB"),
        ("OBX|1|TX|O^O||first~second", "first\nsecond"),
        ("OBX|1|ST|O^O||3+ & more", "3+ & more"),
        ('OBX|1|NM|K^K||""', ""),
    ],
)
def test_values_stay_the_text_that_was_sent(field: str, value: str) -> None:
    assert obx(field).value == value


def test_a_coded_value_keeps_its_code() -> None:
    assert obx("OBX|1|CE|O^O||112283007^大肠埃希菌^SCT").value_code == "112283007"


@pytest.mark.parametrize("unit", ["10^9/L", r"10\S\9/L", "10^9/L^UCUM"])
def test_a_power_of_ten_with_a_bare_circumflex_is_one_unit(unit: str) -> None:
    assert obx(f"OBX|1|NM|W^W||4|{unit}").unit.startswith("10^9/L")


def test_loinc_is_taken_from_the_alternate_and_only_where_it_is_one() -> None:
    assert obx("OBX|1|NM|WBC^白细胞^L^6690-2^Leukocytes^LN||4").loinc == "6690-2"
    assert obx("OBX|1|NM|6801^PCT^LN||4").loinc == ""


def test_pictures_are_counted_and_stay_out_of_the_value() -> None:
    message = read(oru("OBR|1||S1", "OBX|1|ED|15008^WBC Histogram^99MRC||^Image^BMP^Base64^QUFBQQ==", "OBX|2|NM|K||4"))
    picture, potassium = lines_of(message)
    assert (picture.value, picture.attachment) == ("", "Image/BMP, 26 characters")
    assert potassium.value == "4"
    assert "attachment_not_shown" in message.remarks


@pytest.mark.parametrize(
    ("letter", "status"),
    [("F", "final"), ("", "final"), ("P", "preliminary"), ("I", "preliminary"), ("C", "corrected"), ("D", "deleted"),
     ("W", "deleted"), ("X", "deleted")],
)  # fmt: skip
def test_status(letter: str, status: str) -> None:
    assert obx(f"OBX|1|NM|K||4||||||{letter}").status == status


def test_comments_belong_to_what_they_follow() -> None:
    message = read(
        oru("PID|1", "NTE|1||病人", "OBR|1||S1", "NTE|1||医嘱", "OBX|1|NM|K||4", "NTE|1||溶血", "NTE|2||复查")
    )
    (group,) = message.groups
    assert group.comments == ("病人", "医嘱")
    assert group.lines[0].comments == ("溶血", "复查")


def test_two_patients_in_one_message_stay_apart() -> None:
    message = read(oru("PID|1||A", "OBR|1||S1", "OBX|1|NM|K||4", "PID|2||B", "OBR|1||S1", "OBX|1|NM|K||5"))
    assert [(group.patient.id, group.lines[0].value) for group in message.groups] == [("A", "4"), ("B", "5")]


def test_the_medical_record_number_is_the_patients_id() -> None:
    message = read(oru("PID|1||AN1^^^H^AN~MR2^^^H^MR", "OBR|1||S1", "OBX|1|NM|K||4"))
    assert message.groups[0].patient.id == "MR2"


def test_specimen_first_messages_group_by_specimen() -> None:
    header = "MSH|^~\\&|X|Y|||20261105101500+0800||OUL^R22^OUL_R22|1|P|2.5.1||||||UNICODE UTF-8"
    message = read(oru(
        "PID|1||A", "SPM|1|T1||SER^血清|||||||P", "SAC|||T1", "OBR||O1||GLU", "OBX|1|NM|GLU||5.1|||||||||||||XN",
        "SPM|2|T2||PLAS|||||||P", "OBR||O2||K", "OBX|1|NM|K||4.1", header=header,
    ))  # fmt: skip
    assert [(g.specimen_number, g.accession_number, g.specimen_type) for g in message.groups] == [
        ("T1", "O1", "血清"), ("T2", "O2", "PLAS"),
    ]  # fmt: skip
    assert message.groups[0].lines[0].analyzer == "XN"


def test_times_carry_their_zone_or_are_shanghais() -> None:
    zoned = obx("OBX|1|NM|K||4||||||F|||20261105101200+0000")
    assert zoned.observed_at == datetime(2026, 11, 5, 10, 12, tzinfo=UTC)
    message = read(oru("OBR|1||S1", "OBX|1|NM|K||4||||||F|||2026/11/05 10:12:00"))
    assert lines_of(message)[0].observed_at == datetime(2026, 11, 5, 2, 12, tzinfo=UTC)
    assert "time_without_zone" in message.remarks


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("\r", "\n"),
        lambda text: text.replace("\r", "\r\n"),
        lambda text: text.rstrip("\r"),
        lambda text: "\ufeff" + text,
        lambda text: "\r\n\x0b " + text,
        lambda text: text.replace("PV1|1", "ZXX|private|fields\rPV1|1"),
        lambda text: "NTE|1||before\r" + text,
    ],
)  # fmt: skip
def test_what_is_forgiven_loses_nothing(damage: object) -> None:
    message = read(damage(blood_count()))  # type: ignore[operator]
    assert lines_of(message) == lines_of(read(blood_count()))


def test_a_file_of_messages() -> None:
    text = (
        "FHS|^~\\&\rBHS|^~\\&\r"
        + blood_count("A", control_id="1")
        + blood_count("B", control_id="2")
        + "BTS|2\rFTS|1\r"
    )
    messages = read_hl7(text.encode())
    assert [(each.message_id, each.groups[0].specimen_number) for each in messages] == [("1", "A"), ("2", "B")]
    assert read_hl7(messages[1].raw)[0] == messages[1]


def test_a_bad_message_of_a_file_does_not_take_the_others_along() -> None:
    text = blood_count() + blood_count().replace("ORU^R01", "ADT^A01")
    good, bad = read_hl7(text.encode())
    assert good.groups
    assert (bad.groups, bad.remarks) == ((), ("rejected:message_unsupported",))


def test_a_message_continued_in_the_same_file_is_one() -> None:
    first = oru("OBR|1||S1", "OBX|1|NM|K||4", "DSC|next1")
    second = oru("OBX|2|NM|NA||140", header="MSH|^~\\&|LIS|H|||20261105101500||ORU^R01|9|P|2.5.1||next1")
    (message,) = read_hl7((first + second).encode())
    assert [line.code for line in lines_of(message)] == ["K", "NA"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "message_not_hl7"),
        (b"\x0b\x1c\r", "message_not_hl7"),
        (b"PID|1\rOBX|1|NM|K||4\r", "message_not_hl7"),
        (b"MSH|^^^^|\rOBX|1", "message_broken"),
        (blood_count().replace("ORU^R01", "ADT^A01").encode(), "message_unsupported"),
        (blood_count().split("OBR")[0].encode(), "message_empty"),
        (b"MSH|^~\\&|" + b"x" * MAX_BYTES, "message_too_large"),
    ],
)
def test_what_cannot_be_read_says_why(raw: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_hl7(raw)
    assert refused.value.code == code
    assert "测试" not in refused.value.detail


def test_five_megabytes_lose_no_line() -> None:
    raw = blood_count(items=100_000).encode()
    assert len(raw) > 5_000_000
    (message,) = read_hl7(raw)
    assert len(lines_of(message)) == 100_001


@pytest.mark.parametrize("segments", ["NTE|1||x\r" * 200_000, "OBR|1||S1|GLU\rOBX|1|NM|GLU||5.1\r" * 40_000])
def test_reading_is_linear_in_the_message(segments: str) -> None:
    """With quadratic joining of comments or orders this would take minutes."""
    (message,) = read_hl7((oru("OBR|1||S1", "OBX|1|NM|K||4") + segments).encode())
    (group,) = message.groups
    assert len(group.lines) + len(group.lines[0].comments) == 1 + max(segments.count("NTE"), segments.count("OBX"))


def test_an_acknowledgement_has_nothing_in_it() -> None:
    message = read("MSH|^~\\&|A|B|||20261105||ACK^R01|1|P|2.3.1\rMSA|AA|1\r")
    assert (message.kind, message.groups, message.queries) == ("ACK^R01", (), ())


def test_truncated_and_flipped_bytes_are_read_or_refused() -> None:
    raw = blood_count(charset="GB18030").encode("gb18030")
    for size in range(0, len(raw), 7):
        read_or_refuse(raw[:size])
    for place in range(300):
        flipped = bytearray(raw)
        flipped[place * 7919 % len(raw)] ^= 1 << (place % 8)
        read_or_refuse(bytes(flipped))


def read_or_refuse(raw: bytes) -> None:
    try:
        messages = read_hl7(raw)
    except Rejected as refused:
        assert refused.code in RejectCode
    else:
        for message in messages:
            for line in lines_of(message):
                line.value.encode()


@pytest.mark.corpus
def test_every_observation_of_the_corpus_comes_out(corpus: Path) -> None:
    """Counted in the raw text, within messages of a result kind; ADT messages of a mixed file have their own."""
    total = 0
    for path in sorted((corpus / "lab" / "hl7v2").iterdir()):
        raw = path.read_bytes()
        expected = 0
        for part in re.split(rb"(?:^|[\r\n]|\xef\xbb\xbf)(?=MSH\|)", raw):
            kind = (part.split(b"|") + [b""] * 9)[8].decode("latin-1")
            if "^".join(kind.split("^")[:2]) in RESULTS:
                expected += len(re.findall(rb"[\r\n]OBX\|", part))
        found = sum(len(lines_of(message)) for message in read_hl7(raw))
        assert found == expected, path.name
        total += found
    assert total > 6_000
