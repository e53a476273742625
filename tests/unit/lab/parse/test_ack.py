import pytest

from services.lab.parse.ack import acknowledge, expects_answer
from services.lab.parse.hl7 import read_hl7
from services.lab.parse.hl7_answers import answer_query
from services.lab.parse.message import HostQuery, MessagePatient, QueryAnswer, RejectCode, Rejected
from tests.support.lab_messages import HL7_QUERY, OLD_QUERY, blood_count

BROKEN = Rejected(RejectCode.broken, "分隔符无法识别")
TUBE = QueryAnswer("LAB-000123", MessagePatient("p1", "测试甲", "F"), (("2", "TBil"), ("3", "A|B")), "stat")


def segments(answer: bytes, charset: str = "utf-8") -> list[list[str]]:
    assert answer.endswith(b"\r")
    return [line.split("|") for line in answer.decode(charset).rstrip("\r").split("\r")]


def test_accepted() -> None:
    msh, msa = segments(acknowledge(read_hl7(blood_count(control_id="77").encode())[0], "AA"))
    assert msh[4:6] == ["BC-5300", "Mindray"]
    assert (msh[8], msh[10], msh[11], msh[17]) == ("ACK^R01", "P", "2.3.1", "UNICODE")
    assert msa[:4] == ["MSA", "AA", "77", "Message accepted"]


def test_a_refusal_gives_its_reason_in_the_senders_charset() -> None:
    raw = blood_count(charset="GB18030").encode("gb18030")
    _, msa, err = segments(acknowledge(raw, "AR", error=BROKEN), "gb18030")
    assert msa[:4] == ["MSA", "AR", "1", "分隔符无法识别"]
    assert err == ["ERR", "200"]


def test_a_sender_of_ascii_gets_the_code_and_no_question_marks() -> None:
    _, msa, _ = segments(acknowledge(blood_count(charset="ASCII", name="A").encode(), "AE", error=BROKEN))
    assert msa[3] == "message_broken"


def test_later_versions_get_the_long_err() -> None:
    raw = blood_count().replace("2.3.1", "2.5.1").encode()
    *_, err = segments(acknowledge(raw, "AR", error=BROKEN))
    assert (err[3], err[4], err[5], err[8]) == ("200^^HL70357", "E", "message_broken", "分隔符无法识别")


def test_own_separators_are_kept() -> None:
    raw = b"MSH#*!/%#LAB#H###20261105##ORU*R01#5#P#2.5#####\rPID#1\r"
    answer = acknowledge(raw, "AA").decode()
    assert answer.startswith("MSH#*!/%#GONGZHEN#")
    assert "MSA#AA#5#" in answer


@pytest.mark.parametrize("raw", [b"", b"junk", b"MSH", b"MSH|", b"MSH|^^^^|x", b"\xff" * 50])
def test_whatever_came_is_answered(raw: bytes) -> None:
    assert b"MSA|AR|" in acknowledge(raw, "AR", error=BROKEN)


def test_a_control_id_cannot_add_segments() -> None:
    raw = rb"MSH|^~\&|A|B|||20261105||ORU^R01|1\X0D\PID\F\x|P|2.3.1" + b"\r"
    assert acknowledge(raw, "AA").count(b"\r") == 2


def test_acknowledgements_are_not_acknowledged() -> None:
    assert not expects_answer(read_hl7(b"MSH|^~\\&|A|B|||20261105||ACK^R01|1|P|2.3.1\rMSA|AA|1\r")[0])
    assert expects_answer(read_hl7(blood_count().encode())[0])
    assert expects_answer(read_hl7(HL7_QUERY.encode())[0])


def test_a_law_query_gets_the_orders_of_its_tube() -> None:
    (asked,) = read_hl7(HL7_QUERY.encode())
    assert asked.queries == (HostQuery(("S1", "S2"), "tag1", "rsp_k11"),)
    response, orders = answer_query(asked, asked.queries[0], [TUBE])
    assert segments(response)[2] == ["QAK", "tag1", "OK", "WOS^Work Order Step^IHELAW"]
    written = segments(orders)
    assert [each[0] for each in written] == ["MSH", "PID", "SPM", "SAC", *["ORC", "TQ1", "OBR"] * 2]
    assert (written[2][2], written[6][4], written[9][4], written[5][9]) == ("LAB-000123", "2^TBil", r"3^A\F\B", "S")


def test_nothing_ordered_is_said_as_such() -> None:
    (asked,) = read_hl7(HL7_QUERY.encode())
    (response,) = answer_query(asked, asked.queries[0], [])
    assert segments(response)[2][2] == "NF"


def test_an_old_query_gets_a_display_for_each_tube() -> None:
    (asked,) = read_hl7(OLD_QUERY.encode())
    assert asked.queries == (HostQuery(("LAB-000123",), "1", "dsr_q03"),)
    check, first, last = answer_query(asked, asked.queries[0], [TUBE, TUBE])
    assert segments(check, "gb18030")[3] == ["QAK", "SR", "OK", ""]
    shown = {each[1]: each[3] for each in segments(first, "gb18030") if each[0] == "DSP"}
    assert (shown["3"], shown["5"], shown["21"], shown["24"]) == ("测试甲", "F", "LAB-000123", "Y")
    assert (shown["29"], shown["30"]) == ("2^TBil^^", r"3^A\F\B^^")
    assert segments(first, "gb18030")[4][8] == "LAB-000123"
    assert [segments(each, "gb18030")[-1][1] for each in (first, last)] == ["1", ""]


def test_haematology_asks_by_order_message() -> None:
    (asked,) = read_hl7(b"MSH|^~\\&|BC|M|||20261105||ORM^O01|9|P|2.3.1||||||UNICODE\rORC|RF||T1||IP\r")
    (answer,) = answer_query(asked, asked.queries[0], [TUBE])
    assert [each[0] for each in segments(answer)] == ["MSH", "MSA", "PID", "PV1", "ORC", "OBR", "OBR"]
    (none,) = answer_query(asked, asked.queries[0], [])
    assert segments(none)[1] == ["MSA", "AR", "9"]


def test_a_query_that_names_no_tube_is_refused_and_not_answered_with_everything() -> None:
    with pytest.raises(Rejected) as refused:
        read_hl7(HL7_QUERY.replace("S1~S2", "").encode())
    assert refused.value.code == RejectCode.nothing_in_it
    assert read_hl7(HL7_QUERY.replace("WOS^", "WOS_ALL^").encode())[0].queries[0].specimen_numbers == ()
