"""The rhythm of a Philips Sierra XML file: ``parsedwaveforms``. ``repbeats`` are averaged beats and are not read."""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.limits import MAX_LEADS
from services.ecg.parse.philips_xli import Samples, decode_xli
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.xml import Node
from services.ecg.parse.xml_leads import check_length, check_rate
from services.ecg.parse.xml_values import base64_bytes, invalid_samples, number, numbers, whole

_TWELVE_LEADS = {"STD-12", "10-WIRE"}
_CALIBRATION_UV = 1000.0
_CALIBRATION_S = 0.1
_MAX_SAMPLES = 1_000_000  # over all leads: ten times a long one; more would take the decompression seconds


@dataclass(frozen=True, slots=True)
class Waveform:
    rate_hz: float
    resolution_uv: float
    leads: tuple[tuple[str, Microvolts], ...]


def read_waveform(root: Node) -> Waveform:
    """Raises Refused: no_waveform, format_unsupported, samples_invalid, too_long, too_short."""
    parsed = next(root.walk("parsedwaveforms"), None)
    if parsed is None or not parsed.text.strip():
        raise Refused(RefusalCode.no_waveform, "飞利浦文件中没有节律波形，请连同波形一起导出。")
    signal = root.child("dataacquisition", "signalcharacteristics") or Node("signalcharacteristics", {})
    rate = check_rate(number(parsed.attribute("samplespersecond") or signal.said("samplingrate")))
    resolution = _resolution(parsed, signal)
    duration_ms = number(parsed.attribute("durationperchannel"))
    if duration_ms is None or duration_ms <= 0:
        raise invalid_samples("没有声明波形时长")
    count = round(duration_ms * rate / 1000)
    check_length(rate, count)
    names = _names(parsed, signal)
    if count * len(names) > _MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "采样点过多，不是一份静息心电图。")
    counts = _without_calibration(np.stack(_stored(parsed, signal, names, count)), rate, resolution)
    return Waveform(rate, resolution, tuple(zip(names, counts * resolution, strict=True)))


def _resolution(parsed: Node, signal: Node) -> float:
    for text in (parsed.attribute("resolution"), signal.said("resolution"), signal.said("signalresolution")):
        value = number(text)
        if value is not None and value > 0:
            return value
    raise invalid_samples("没有可用的幅度单位")


def _names(parsed: Node, signal: Node) -> list[str]:
    names = parsed.attribute("leadlabels").split()
    if names:
        names = names[: whole(parsed.attribute("numberofleads")) or len(names)]
    else:
        wired = signal.said("acquisitiontype") or signal.said("leadset")
        count = whole(signal.said("numberchannelsallocated")) or whole(signal.said("numberchannelsvalid"))
        names = list(STANDARD) if wired in _TWELVE_LEADS and count == len(STANDARD) else []
    if not 0 < len(names) <= MAX_LEADS:
        raise Refused(RefusalCode.format_broken, "飞利浦文件没有说明各通道是哪个导联。")
    return names


def _stored(parsed: Node, signal: Node, names: list[str], count: int) -> list[Samples]:
    compression = parsed.attribute("compression") or parsed.attribute("compressmethod")
    if parsed.attribute("compressflag").lower() == "false" or compression.lower() in {"uncompressed", "none"}:
        compression = ""
    encoding = parsed.attribute("dataencoding").lower()
    bits = whole(parsed.attribute("bitspersample") or signal.said("bitspersample")) or 16
    if compression not in {"", "XLI"} or encoding not in {"base64", "plain"} or bits != 16:
        raise Refused(
            RefusalCode.format_unsupported,
            f"飞利浦文件的波形编码（{encoding[:20]} {compression[:20]} {bits} 位）本中心不能读取，"
            "请以 XLI 或不压缩导出。",
        )
    if compression:
        leads = list(islice(decode_xli(base64_bytes(parsed.text), count), len(names)))
        if len(leads) < len(names):
            raise invalid_samples("导联数与声明的不符")
        return _with_limb_leads(names, leads)
    samples = _plain(parsed.text) if encoding == "plain" else _words(parsed.text)
    if samples.size != count * len(names):
        raise invalid_samples("采样点数与声明的不符")
    return list(samples.reshape(len(names), count))


def _words(text: str) -> Samples:
    raw = base64_bytes(text)
    if len(raw) % 2:
        raise invalid_samples("采样点数与声明的不符")
    return np.frombuffer(raw, "<i2").astype(np.int64)


def _plain(text: str) -> Samples:
    values = numbers(text)
    if (np.abs(values) > np.iinfo(np.int32).max).any():
        raise invalid_samples("幅度超出任何心电信号")
    return values.astype(np.int64)


def _with_limb_leads(names: list[str], stored: list[Samples]) -> list[Samples]:
    """XLI keeps of III, aVR, aVL and aVF only what differs from the leads that follow from I and II (whole steps,
    rounded down)."""
    leads = dict(zip(names, stored, strict=True))
    if len(leads) < len(names):
        raise Refused(RefusalCode.format_broken, "飞利浦文件中导联名称重复。")
    if "I" in leads and "II" in leads:
        one, two = leads["I"], leads["II"]
        three = two - one
        if "III" in leads:
            three = leads["III"] = three - leads["III"]
        if "aVR" in leads:
            leads["aVR"] = -leads["aVR"] - (one + two) // 2
        if "aVL" in leads:
            leads["aVL"] = (one - three) // 2 - leads["aVL"]
        if "aVF" in leads:
            leads["aVF"] = (two + three) // 2 - leads["aVF"]
    return list(leads.values())


def _without_calibration(counts: Samples, rate_hz: float, resolution_uv: float) -> Samples:
    """Many of these carts draw a pulse of 1 mV on a zero line behind the ECG, alike in all leads: a beat in every lead
    to whoever measures. It is cut off."""
    pulse = round(_CALIBRATION_UV / resolution_uv)
    tail = (counts == counts[0]).all(axis=0) & ((counts[0] == 0) | (counts[0] == pulse))
    ecg = np.flatnonzero(~tail)
    start = int(ecg[-1]) + 1 if ecg.size else 0
    has_pulse = int((counts[0, start:] == pulse).sum()) >= _CALIBRATION_S * rate_hz
    return counts[:, :start] if has_pulse and len(counts) > 1 and start else counts
