"""Section 2: Huffman tables, and the decoding of one lead's bits (EN 1064 5.5 and annex C)."""

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.refusal import RefusalCode, Refused

DEFAULT_TABLE = 19999
MAX_PREFIX = 16  # one look-up per bit place; the standard's own table needs 10
MAX_EXTRA = 16
MAX_TABLES, MAX_CODES = 4, 4096
MAX_PADDING_BITS = 64  # behind a lead; carts fill up to two, four or eight bytes
_CODE = struct.Struct("<BBBhI")  # bits of the prefix, bits in all, mode, base value, base code (first bit lowest)
BROKEN = "SCP 文件的压缩波形无法解码（Huffman 数据损坏），请在心电图机上重新导出。"

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """Answers for every 16 bits to come. ``length``: bits to go on, 0 where no code fits; ``extra``: how many of them
    are the value itself, two's complement; ``value``: the value where there is no extra; ``switch``: the table to go
    on with, from 1, else 0."""

    length: NDArray[np.uint8] = field(repr=False)
    extra: NDArray[np.uint8] = field(repr=False)
    value: NDArray[np.int16] = field(repr=False)
    switch: NDArray[np.uint16] = field(repr=False)

    @classmethod
    def of(cls, codes: list[tuple[int, int, int, int, int]]) -> "Table":
        """From (bits of the prefix, bits in all, is a value, value or table, prefix with the first bit highest)."""
        size = 1 << MAX_PREFIX
        table = cls(
            np.zeros(size, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.int16), np.zeros(size, np.uint16)
        )
        for prefix, total, is_value, value, code in codes:
            first = code << (MAX_PREFIX - prefix)
            places = slice(first, first + (1 << (MAX_PREFIX - prefix)))
            if table.length[places].any():  # no prefix code: two readings of the same bits
                raise Refused(RefusalCode.format_broken, BROKEN)
            table.length[places] = total
            if is_value:
                table.extra[places] = total - prefix
                table.value[places] = value
            else:
                table.switch[places] = value
        return table


def default_table() -> Table:
    """Table C.1: 0 is one bit; ±1 to ±8 are as many ones, a zero and the sign; then 8 or 16 bits as they are."""
    codes = [(1, 1, 1, 0, 0), (10, 18, 1, 0, 0b1111111110), (10, 26, 1, 0, 0b1111111111)]
    for magnitude in range(1, 9):
        ones = ((1 << magnitude) - 1) << 2
        codes.append((magnitude + 2, magnitude + 2, 1, magnitude, ones))
        codes.append((magnitude + 2, magnitude + 2, 1, -magnitude, ones | 1))
    return Table.of(codes)


def read_tables(body: bytes) -> tuple[Table, ...]:
    """The tables of section 2; none where the file has no such section, and its samples are plain 16-bit numbers."""
    if len(body) < 2:
        return ()
    count = struct.unpack_from("<H", body)[0]
    if count == DEFAULT_TABLE:
        return (default_table(),)
    if not 0 < count <= MAX_TABLES:
        raise Refused(RefusalCode.format_broken, BROKEN)
    tables, at, codes_left = [], 2, MAX_CODES
    for _ in range(count):
        if at + 2 > len(body):
            raise Refused(RefusalCode.format_broken, BROKEN)
        codes = struct.unpack_from("<H", body, at)[0]
        at += 2
        codes_left -= codes
        if codes_left < 0 or at + codes * _CODE.size > len(body):
            raise Refused(RefusalCode.format_broken, BROKEN)
        tables.append(Table.of([_code(body, at + number * _CODE.size, count) for number in range(codes)]))
        at += codes * _CODE.size
    return tuple(tables)


def _code(body: bytes, at: int, tables: int) -> tuple[int, int, int, int, int]:
    prefix, total, mode, value, stored = _CODE.unpack_from(body, at)
    is_value = int(mode == 1)
    if not 0 < prefix <= total or (not is_value and not 0 < value <= tables):
        raise Refused(RefusalCode.format_broken, BROKEN)
    if prefix > MAX_PREFIX or total - prefix > MAX_EXTRA or (is_value and total > prefix and value):
        raise Refused(
            RefusalCode.format_unsupported, "SCP 文件使用了本中心不支持的自定义 Huffman 表，请改为导出 aECG 或 DICOM。"
        )
    bits = f"{stored & ((1 << prefix) - 1):0{prefix}b}"[::-1]
    return prefix, total, is_value, value, int(bits, 2)


def decode(data: bytes, count: int, tables: tuple[Table, ...]) -> Integers:
    """``count`` numbers out of the bits of one lead, first bit highest. Raises Refused where the bits do not suffice,
    or where more than a padding is left over: then the count is wrong, or the bits are."""
    bits = len(data) * 8
    if count > bits:
        raise Refused(RefusalCode.format_broken, BROKEN)
    coming = _coming_bits(data)
    places, used, end = _walk(coming, count, bits, tables)
    if end > bits or bits - end >= MAX_PADDING_BITS:
        raise Refused(RefusalCode.format_broken, BROKEN)
    windows = coming[places]
    values = np.zeros(count, np.int64)
    for number, table in enumerate(tables):
        mine = used == number
        here, at = windows[mine], places[mine]
        extra = table.extra[here].astype(np.int64)
        behind = coming[at + table.length[here] - extra] >> (16 - extra)
        behind -= (behind >> np.maximum(extra - 1, 0) & 1) << extra
        values[mine] = np.where(extra > 0, behind, table.value[here])
    return values


def _walk(coming: Integers, count: int, bits: int, tables: tuple[Table, ...]) -> tuple[Integers, Integers, int]:
    """Where each number's code begins, under which table, and the bit behind the last one."""
    places = np.empty(count, np.int64)
    used = np.zeros(count, np.int64)
    steps = [tables[0].length[coming].tolist()]
    at = 0
    if len(tables) == 1 and not tables[0].switch.any():
        step, found = steps[0], []
        for _ in range(count):
            if at >= bits or not step[at]:
                raise Refused(RefusalCode.format_broken, BROKEN)
            found.append(at)
            at += step[at]
        places[:] = found
        return places, used, at
    steps += [table.length[coming].tolist() for table in tables[1:]]
    switches = [table.switch[coming].tolist() for table in tables]
    current = number = 0
    while number < count:
        if at >= bits or not steps[current][at]:
            raise Refused(RefusalCode.format_broken, BROKEN)
        switch = switches[current][at]
        step = steps[current][at]
        if switch:
            current = switch - 1
        else:
            places[number], used[number] = at, current
            number += 1
        at += step
    return places, used, at


def _coming_bits(data: bytes) -> Integers:
    """The 16 bits from every bit on, zeros behind the end."""
    octets = np.frombuffer(data + bytes(8), np.uint8).astype(np.int64)
    three = octets[:-2] << 16 | octets[1:-1] << 8 | octets[2:]
    windows: Integers = (three[:, None] >> (8 - np.arange(8)) & 0xFFFF).ravel()
    return windows
