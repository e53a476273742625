"""HL7 messages of an analyzer, made by hand so that they can also be wrong."""

from collections.abc import Sequence

LOINC = {
    "WBC": ("6690-2", "10*9/L"), "RBC": ("789-8", "10*12/L"), "HGB": ("718-7", "g/L"), "PLT": ("777-3", "10*9/L"),
    "K": ("2823-3", "mmol/L"), "NA": ("2951-2", "mmol/L"), "CL": ("2075-0", "mmol/L"), "GLU": ("14749-6", "mmol/L"),
    "CREA": ("14682-9", "umol/L"), "ALT": ("1742-6", "U/L"),
}  # fmt: skip
Value = tuple[str, str]


def oru(
    number: str,
    values: Sequence[Value],
    *,
    control_id: str = "1",
    status: str = "F",
    patient: str = "",
    analyzer: str = "XN1000",
    at: str = "20261122090000+0800",
    placer: str = "",
) -> bytes:
    """``values``: our item and what the analyzer prints; its LOINC and unit come from the table above. Items that are
    not in it are sent as the analyzer's own codes without a unit."""
    lines = [
        f"MSH|^~\\&|{analyzer}|LAB|LIS|A|{at[:14]}||ORU^R01^ORU_R01|{control_id}|P|2.5.1||||||UNICODE UTF-8",
        patient or "PID|1",
        f"OBR|1|{placer}|{number}|CBC^Panel||||||||||||||||||||||F",
    ]
    for place, (item, value) in enumerate(values, start=1):
        lines.append(_obx(place, item, value, status, at, analyzer))
    return ("\r".join(lines) + "\r").encode()


def _obx(place: int, item: str, value: str, status: str, at: str, analyzer: str) -> str:
    code, unit = LOINC.get(item, ("", ""))
    identifier = f"{code}^{item}^LN" if code else f"{item}^{item}^L"
    return f"OBX|{place}|NM|{identifier}||{value}|{unit}|||||{status}|||{at}||||{analyzer}"


def ack_code(answer: bytes) -> str:
    """MSA-1 of the first acknowledgement, whatever its separators; what else it says may be in the sender's GB18030."""
    (line,) = [each for each in answer.decode("gb18030").split("\r") if each.startswith("MSA")][:1]
    return line[4:6]
