"""Synthetic laboratory messages as analyzers write them: plainly invented people, values without meaning."""

from collections.abc import Sequence

COUNT_ITEMS = (
    ("6690-2", "WBC", "10*9/L", "4.00-10.00"), ("770-8", "NEU%", "%", "50.0-70.0"), ("736-9", "LYM%", "%", "20.0-40.0"),
    ("5905-5", "MON%", "%", "3.0-12.0"), ("713-8", "EOS%", "%", "0.5-5.0"), ("706-2", "BAS%", "%", "0.0-1.0"),
    ("751-8", "NEU#", "10*9/L", "2.00-7.00"), ("731-0", "LYM#", "10*9/L", "0.80-4.00"),
    ("789-8", "RBC", "10*12/L", "3.50-5.50"), ("718-7", "HGB", "g/L", "110-160"), ("4544-3", "HCT", "%", "37.0-54.0"),
    ("787-2", "MCV", "fL", "80.0-100.0"), ("785-6", "MCH", "pg", "27.0-34.0"), ("786-4", "MCHC", "g/L", "320-360"),
    ("788-0", "RDW-CV", "%", "11.0-16.0"), ("777-3", "PLT", "10*9/L", "100-300"), ("32623-1", "MPV", "fL", "6.5-12.0"),
)  # fmt: skip


def blood_count(
    number: str = "LAB000123",
    *,
    control_id: str = "1",
    items: int = len(COUNT_ITEMS),
    charset: str = "UNICODE",
    name: str = "测试^甲",
    processing: str = "P",
) -> str:
    """ORU^R01 of a haematology analyzer (Mindray BC style), segments ended by CR; about 1.5 KB."""
    lines = [
        f"MSH|^~\\&|BC-5300|Mindray|||20261105101500||ORU^R01|{control_id}|{processing}|2.3.1||||||{charset}",
        f"PID|1||P0001^^^^MR||{name}||19830719|F",
        "PV1|1||内科^^1",
        f"OBR|1||{number}|00001^Automated Count^99MRC||20261105090000|20261105100000",
        "OBX|1|IS|08001^Take Mode^99MRC||O||||||F",
    ]
    for place in range(items):
        code, item, unit, interval = COUNT_ITEMS[place % len(COUNT_ITEMS)]
        lines.append(f"OBX|{place + 2}|NM|{code}^{item}^LN||{5 + place / 100:.2f}|{unit}|{interval}|N|||F")
    return "\r".join(lines) + "\r"


def chemistry(number: str = "LAB-000123", *, kind: str = "0") -> str:
    """ORU^R01 of a chemistry analyzer (Mindray BS style): item names in OBX-4, the day's sample position in OBR-3."""
    return "\r".join([
        f"MSH|^~\\&|Mindray|BS-200|||20261105101500||ORU^R01|7|P|2.3.1||||{kind}||ASCII|||",
        "PID|1",
        f"OBR|1|{number}|12|Mindray^BS-200|N||20261105101200||||||||serum",
        "OBX|1|NM|2|TBil|5.000000|umol/L|3.4-20.5|N|||F|||20261105101200||tester",
        "OBX|2|NM|7|AST|31.000000|U/L|-|H|||F|||20261105101200||tester",
    ]) + "\r"  # fmt: skip


def chemistry_control() -> str:
    """Two controls of one item, written into OBR as the BS and CL manuals have it."""
    return "\r".join([
        "MSH|^~\\&|||||20261105103014||ORU^R01|1|P|2.3.1||||2||ASCII|||",
        "OBR|1|7|AST|^|0|20261105100000|20261105101500|20261105101500|||2|1^2|QUAL1^QUAL2|1111^2222|20300101^20300101"
        "|0|L^M|30.0^55.0|3.0^5.0|29.137470^54.2|U/L",
    ]) + "\r"  # fmt: skip


def astm_results(number: str = "PR123", items: Sequence[tuple[str, str]] = (("WBC", "8.13"), ("RBC", "2.60"))) -> bytes:
    """Records of a Sysmex-like analyzer, no frames."""
    lines = [
        "H|\\^&|||XN-550^00-24||||||||E1394-97",
        "P|1|||P0001|^Test^A||19870626|M",
        f"O|1||2001^01^{number:>22}^B|^^^^WBC\\^^^^RBC|R||||||N||||||||||||||F",
    ]
    for place, (code, value) in enumerate(items, start=1):
        lines.append(f"R|{place}|^^^^{code}^1|{value}|10*3/uL||N||F||||20261105135407")
    return ("\r".join([*lines, "L|1|N"]) + "\r").encode()


ASTM_QUERY = b"H|\\^&|||XN-550^00-24||||||||E1394-97\rQ|1|2001^01^                 PR123^B||||20261105\rL|1|N\r"
HL7_QUERY = (
    "MSH|^~\\&|LAW|X|||20261105101500||QBP^Q11^QBP_Q11|8|P|2.5.1||||||UNICODE UTF-8\r"
    "QPD|WOS^Work Order Step^IHELAW|tag1|S1~S2\rRCP|I\r"
)
OLD_QUERY = (
    "MSH|^~\\&|Mindray|BS-200|||20261105101500||QRY^Q02|8|P|2.3.1||||||GB18030|||\r"
    "QRD|20261105101500|R|D|1|||RD|LAB-000123|OTH|||T|\rQRF|BS-200|||||RCT|COR|ALL||\r"
)
