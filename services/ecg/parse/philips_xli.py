"""XLI, the compression of Philips Sierra XML: per lead LZW over second differences.

A chunk is an 8-byte header (int32 length, int16 unknown, int16 first correction; little-endian) and LZW with fixed
10-bit codes, most significant bit first, 1023 its end. Out come 16-bit words, all high bytes before all low bytes: two
samples, then for each further one the correction of the next, biased by 64:
``x[n] = 2 x[n-1] - x[n-2] - c[n-1]``. Described by the sierra-ecg-tools project (MIT).
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.xml_values import invalid_samples

Samples = NDArray[np.int64]
_HEADER = struct.Struct("<ihh")
_END_CODE = 1023
_BIAS = 64
_LETTERS = tuple(bytes((value,)) for value in range(256))


def decode_xli(data: bytes, count: int) -> Iterator[Samples]:
    """One array of ``count`` samples for every chunk. Raises Refused(samples_invalid)."""
    position = 0
    while position < len(data):
        if len(data) - position < _HEADER.size:
            raise invalid_samples("压缩数据不完整")
        size, _, first = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        if not 0 < size <= len(data) - position:
            raise invalid_samples("压缩数据不完整")
        yield _integrated(_unpacked(_lzw(data[position : position + size], 2 * count), count), first)
        position += size


def _lzw(data: bytes, wanted: int) -> bytes:
    """Exactly ``wanted`` bytes; a spare code made of the bits that fill up the last byte is dropped."""
    table = list(_LETTERS)
    out: list[bytes] = []
    length = 0
    previous = b""
    for code in _codes(data[: wanted * 5 // 4 + 8]).tolist():  # at worst ten bits a byte
        if code == _END_CODE or length > wanted:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise invalid_samples("压缩数据已损坏")
        out.append(entry)
        length += len(entry)
        if previous and len(table) < _END_CODE:
            table.append(previous + entry[:1])
        previous = entry
    if not wanted <= length <= wanted + 1:
        raise invalid_samples("采样点数与声明的不符")
    return b"".join(out)[:wanted]


def _codes(data: bytes) -> NDArray[np.uint32]:
    """Four codes in every five bytes."""
    whole = np.frombuffer(data + bytes(-len(data) % 5), np.uint8).reshape(-1, 5).astype(np.uint32)
    a, b, c, d, e = whole.T
    codes = np.stack([a << 2 | b >> 6, (b & 0x3F) << 4 | c >> 4, (c & 0x0F) << 6 | d >> 2, (d & 0x03) << 8 | e], axis=1)
    return codes.reshape(-1)[: len(data) * 8 // 10]


def _unpacked(raw: bytes, count: int) -> Samples:
    octets = np.frombuffer(raw, np.uint8).astype(np.uint16)
    return (octets[:count] << 8 | octets[count:]).astype(np.uint16).view(np.int16).astype(np.int64)


def _integrated(words: Samples, first: int) -> Samples:
    if words.size <= 2:
        return words
    corrections = np.concatenate(([first], words[2:-1] - _BIAS))
    slopes = words[1] - words[0] - np.cumsum(corrections)
    return np.concatenate((words[:2], words[1] + np.cumsum(slopes)))
