"""Section 0: where the other sections lie, and whether their checksums hold."""

import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.ecg.parse.refusal import RefusalCode, Refused

PREAMBLE = 6  # record CRC, record length
HEADER = 16  # section CRC, number, length, section version, protocol version, reserved
POINTER = 10
STANDARD_NUMBERS = range(12)
# What a curve is computed from. Damage here gives a wrong trace; elsewhere a wrong word, which can be read as such.
WAVEFORM_NUMBERS = frozenset({2, 3, 4, 5, 6})
DAMAGED = "SCP 文件的结构已损坏（段指针或长度不对），请在心电图机上重新导出。"


@dataclass(frozen=True, slots=True)
class Section:
    body: bytes = field(repr=False)
    protocol: int
    checksum_right: bool


@dataclass(frozen=True, slots=True)
class Sections:
    """``checksum_wrong``: a checksum does not hold, yet nothing says that the curve is hurt."""

    by_number: Mapping[int, Section]
    checksum_wrong: bool

    def body(self, number: int) -> bytes:
        """What stands behind the header of a section; empty where the file has none."""
        section = self.by_number.get(number)
        return section.body if section else b""


def looks_like_scp(data: bytes) -> bool:
    """Section 0 begins at byte 7, and its first pointer is to itself (EN 1064 5.3)."""
    if len(data) < PREAMBLE + HEADER + POINTER:
        return False
    if data[16:22] == b"SCPECG":
        return True
    number, length = struct.unpack_from("<HI", data, 8)
    pointed, pointed_length, place = struct.unpack_from("<HII", data, PREAMBLE + HEADER)
    return number == pointed == 0 and length == pointed_length and length >= HEADER + POINTER and place in (6, 7)


def read_sections(data: bytes) -> Sections:
    """Raises Refused: format_unsupported for a relative with its own pointers, format_broken where a pointer leads
    out of the file or to another section, or where the checksums show that the curve was damaged on its way."""
    if len(data) < PREAMBLE + HEADER + POINTER:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    length = struct.unpack_from("<I", data, 10)[0]
    pointed, _, place = struct.unpack_from("<HII", data, PREAMBLE + HEADER)
    if pointed == 0 and place == PREAMBLE and data[16:22] != b"SCPECG":  # counts bytes from 0, as Healforce does
        raise Refused(
            RefusalCode.format_unsupported,
            "此 SCP 文件不符合 EN 1064（ISO 11073-91064）标准，为厂家自有变体（如力康 Healforce），"
            "本中心不读；请在心电图机上改为导出标准 SCP、aECG 或 DICOM。",
        )
    if struct.unpack_from("<H", data, 8)[0] != 0 or PREAMBLE + length > len(data):
        raise Refused(RefusalCode.format_broken, DAMAGED)
    sections: dict[int, Section] = {}
    for at in range(PREAMBLE + HEADER, PREAMBLE + length - POINTER + 1, POINTER):
        number, size, place = struct.unpack_from("<HII", data, at)
        if size == 0 or number not in STANDARD_NUMBERS:  # manufacturers' sections have headers of their own
            continue
        if number in sections:
            raise Refused(RefusalCode.format_broken, DAMAGED)
        sections[number] = _section(data, number, size, place - 1)
    if 0 not in sections:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    record_right = _record_checksum_right(data)
    wrong = {number for number, section in sections.items() if not section.checksum_right}
    # A cart that computes no checksums has all of them wrong, one with a fault of its own still has the record's
    # right; some right and the record's wrong is damage on the way, and it lies where the section's is wrong.
    if not record_right and wrong & WAVEFORM_NUMBERS and wrong != set(sections):
        raise Refused(
            RefusalCode.format_broken, "SCP 文件的波形段校验不符，数据在传输或存储中受损，请在心电图机上重新导出。"
        )
    return Sections(sections, checksum_wrong=not record_right or bool(wrong))


def _section(data: bytes, number: int, size: int, offset: int) -> Section:
    if offset < PREAMBLE or size < HEADER or offset + size > len(data):
        raise Refused(RefusalCode.format_broken, DAMAGED)
    crc, named, length, _, protocol = struct.unpack_from("<HHIBB", data, offset)
    if named != number or length < HEADER:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    whole = data[offset : offset + min(size, length)]
    right = length == size and binascii.crc_hqx(whole[2:], 0xFFFF) == crc
    return Section(whole[HEADER:], protocol, right)


def _record_checksum_right(data: bytes) -> bool:
    crc, length = struct.unpack_from("<HI", data)
    return bool(PREAMBLE < length <= len(data) and binascii.crc_hqx(data[2:length], 0xFFFF) == crc)
