"""Carts' files made by code, a format a group of functions (``scp_…``): what is in them is known to the last bit."""

import binascii
import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SCP_LEADS = {name: code for code, name in enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "V7"), start=1)} | {
    "V3R": 11, "V4R": 12, "V5R": 13, "X": 16, "Y": 17, "Z": 18, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64, "-aVR": 65,
    "V8": 66, "CC5": 19,
}  # fmt: skip
SCP_DEFAULT_TABLE = 19999
ScpSteps = NDArray[np.int64]


def scp_text(tag: int, text: str | bytes, codec: str = "ascii") -> bytes:
    """A tag of section 1 with a text."""
    value = (text if isinstance(text, bytes) else text.encode(codec)) + b"\0"
    return scp_tag(tag, value)


def scp_tag(tag: int, value: bytes) -> bytes:
    return struct.pack("<BH", tag, len(value)) + value


def scp_device(language: int = 0, *, model: str = "CART", manufacturer: str = "MADE") -> bytes:
    """Tag 14."""
    fixed = bytes(7) + b"\0" + model.encode().ljust(6, b"\0")[:6] + bytes([20, 160, language, 0, 1]) + bytes(17)
    return scp_tag(14, fixed + b"".join(part.encode() + b"\0" for part in ("1.0", "SN1", "SW2", "", manufacturer)))


def scp_when(year: int, month: int, day: int, hour: int, minute: int, second: int) -> bytes:
    """Tags 25 and 26."""
    return scp_tag(25, struct.pack("<HBB", year, month, day)) + scp_tag(26, bytes([hour, minute, second]))


def scp_differences(steps: ScpSteps, order: int) -> ScpSteps:
    """First or second differences in 16 bits, behind one or two samples as they are."""
    coded = steps.copy()
    for _ in range(order):
        coded[1:] = np.diff(coded)
    if order == 2 and len(steps) > 1:
        coded[1] = steps[1]
    return coded.astype(np.int16).astype(np.int64)


def scp_default_bits(numbers: ScpSteps) -> bytes:
    """Coded with the standard's table C.1."""
    bits = []
    for number in numbers.tolist():
        if number == 0:
            bits.append("0")
        elif abs(number) <= 8:
            bits.append("1" * abs(number) + "0" + ("1" if number < 0 else "0"))
        elif -128 <= number <= 127:
            bits.append("1111111110" + f"{number & 0xFF:08b}")
        else:
            bits.append("1111111111" + f"{number & 0xFFFF:016b}")
    return scp_packed("".join(bits))


def scp_packed(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 16)
    return int(bits, 2).to_bytes(len(bits) // 8) if bits else b""


def scp_code(prefix: str, total: int, value: int, *, is_value: bool = True) -> bytes:
    """One code of a table of section 2; the prefix as it comes on the wire."""
    return struct.pack("<BBBhI", len(prefix), total, is_value, value, int(prefix[::-1], 2))


def scp_coded(leads: Sequence[ScpSteps], *, nanovolts: int, interval_us: int, order: int, huffman: bool) -> bytes:
    """The body of section 5 or 6."""
    coded = [scp_differences(lead, order) for lead in leads]
    parts = [scp_default_bits(lead) if huffman else lead.astype("<i2").tobytes() for lead in coded]
    lengths = struct.pack(f"<{len(parts)}H", *map(len, parts))
    return struct.pack("<HHBB", nanovolts, interval_us, order, 0) + lengths + b"".join(parts)


def scp_leads(counts: Mapping[str, tuple[int, int]], flags: int = 4) -> bytes:
    """The body of section 3: first and last sample by lead."""
    parts = [struct.pack("<IIB", first, last, SCP_LEADS[name]) for name, (first, last) in counts.items()]
    return bytes([len(counts), flags]) + b"".join(parts)


def scp_statements(texts: Sequence[bytes]) -> bytes:
    """The body of section 8."""
    parts = (struct.pack("<BH", number, len(text) + 1) + text + b"\0" for number, text in enumerate(texts, start=1))
    return bytes([0, 0xE9, 7, 3, 1, 8, 30, 0, len(texts)]) + b"".join(parts)


def scp_file(sections: Mapping[int, bytes], *, with_checksums: bool = True) -> bytes:
    """Bodies of sections to a record. Sections 0 to 11 have pointers, as the standard asks."""
    table_bytes = 16 + 10 * 12
    at = 6 + table_bytes
    pointers, behind = {0: struct.pack("<HII", 0, table_bytes, 7)}, b""
    for number in range(1, 12):
        body = sections.get(number, b"")
        body += bytes(len(body) % 2)
        whole = _scp_section(number, body, with_checksums) if number in sections else b""
        pointers[number] = struct.pack("<HII", number, len(whole), at + 1 if whole else 0)
        at += len(whole)
        behind += whole
    first = _scp_section(0, b"".join(pointers.values()), with_checksums, b"SCPECG")
    rest = struct.pack("<I", 6 + table_bytes + len(behind)) + first + behind
    return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF) if with_checksums else 0) + rest


def _scp_section(number: int, body: bytes, with_checksums: bool, reserved: bytes = bytes(6)) -> bytes:
    rest = struct.pack("<HIBB", number, 16 + len(body), 20, 20) + reserved + body
    return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF) if with_checksums else 0) + rest


def scp_example(
    leads: Mapping[str, ScpSteps], *, order: int = 2, huffman: bool = True, nanovolts: int = 2500,
    interval_us: int = 2000, tags: bytes = b"", extra: Mapping[int, bytes] | None = None, with_checksums: bool = True,
) -> bytes:  # fmt: skip
    """A whole file of equally long leads; ``tags`` are section 1's, ``extra`` replaces or adds sections."""
    sections = {
        1: tags + b"\xff\0\0",
        3: scp_leads({name: (1, len(steps)) for name, steps in leads.items()}),
        6: scp_coded(list(leads.values()), nanovolts=nanovolts, interval_us=interval_us, order=order, huffman=huffman),
    }
    if huffman:
        sections[2] = struct.pack("<H", SCP_DEFAULT_TABLE)
    return scp_file(sections | dict(extra or {}), with_checksums=with_checksums)
