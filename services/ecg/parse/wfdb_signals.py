"""Stored samples of a WFDB signal file (signal(5) of the WFDB manual): formats 16, 24, 32, 61, 80 and 212."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.limits import MAX_SAMPLES
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.wfdb_header import Signal

Stored = NDArray[np.int64]
_NO_VALUE = {16: -32768, 24: -(1 << 23), 32: -(1 << 31), 61: -32768, 80: -128, 212: -2048}
_BITS = {16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 212: 12}


def stored_samples(data: bytes, signals: Sequence[Signal], sample_count: int) -> Stored:
    """Shape (signals, samples) of the signals of one file, interleaved. A count of 0 means as many as there are.
    Raises Refused where the format is none of ours or the file is shorter than it says."""
    kind = signals[0].format
    if kind not in _BITS:
        raise Refused(RefusalCode.format_unsupported, f"WFDB 数据格式 {kind} 本中心不支持，请转换为格式 16 后上传。")
    if any(s.format != kind or s.byte_offset != signals[0].byte_offset for s in signals):
        raise Refused(RefusalCode.format_broken, "WFDB 头文件里同一数据文件的格式不一致，请重新导出。")
    if any(s.per_frame != 1 or s.skew for s in signals):
        raise Refused(RefusalCode.format_unsupported, "WFDB 各信号采样率不同或有时移，本中心不支持，请重采样后导出。")
    payload = memoryview(data)[signals[0].byte_offset :]
    held = len(payload) * 8 // _BITS[kind] // len(signals)
    count = sample_count or held
    if count > held or not count:
        raise Refused(RefusalCode.format_broken, "WFDB 数据文件比头文件所说的短，请重新上传完整文件。")
    if count * len(signals) > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "WFDB 记录的样点过多，请截取静息心电图后上传。")
    flat = _decoded(payload, kind, count * len(signals))
    return flat.reshape(count, len(signals)).T


def no_value(kind: int) -> int:
    """The stored number that means "no valid sample"."""
    return _NO_VALUE[kind]


def checksum_of(samples: Stored) -> int:
    """16-bit sum of one signal, as the header states it."""
    return int(samples.sum()) & 0xFFFF


def _decoded(payload: memoryview, kind: int, count: int) -> Stored:
    size = -(-count * _BITS[kind] // 8)
    if kind in (16, 61, 32):
        dtype = {16: "<i2", 61: ">i2", 32: "<i4"}[kind]
        return np.frombuffer(payload[:size], dtype).astype(np.int64)
    octets = np.frombuffer(payload[:size], np.uint8).astype(np.int64)
    if kind == 80:
        return octets - 128
    if kind == 24:
        return _signed(octets[0::3] | octets[1::3] << 8 | octets[2::3] << 16, 24)
    # 212: two 12-bit samples in three bytes; the middle byte holds the high nibbles of both, the first's below.
    whole = np.concatenate((octets, np.zeros(-len(octets) % 3, np.int64)))
    first, middle, last = whole[0::3], whole[1::3], whole[2::3]
    pairs = np.stack((first | (middle & 0x0F) << 8, last | (middle & 0xF0) << 4), axis=1).reshape(-1)
    return _signed(pairs[:count], 12)


def _signed(values: Stored, bits: int) -> Stored:
    return np.where(values >= 1 << (bits - 1), values - (1 << bits), values)
