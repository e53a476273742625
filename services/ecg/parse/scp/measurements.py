"""Sections 7, 8, 10 and 11: what the cart measured and stated. Lost where unreadable; the curve does not hang on it."""

import struct
from dataclasses import dataclass

from services.ecg.parse.recording import CartMeasurements
from services.ecg.parse.scp.text import Texts

MAX_MS = 5_000  # 29999 and its neighbours say: not measured
_BLOCK = struct.Struct("<5H3h")  # P on and off, QRS on and off, T off in ms; axes of P, QRS, T in degrees
_SPIKE_BYTES = 10  # time and amplitude (4), then kind, source, beat and width (6)
_LEAD_INTERVALS = struct.Struct("<4h")  # P, PR, QRS, QT in ms
FULL_TEXT = 2


@dataclass(frozen=True, slots=True)
class Measured:
    cart: CartMeasurements
    spikes_ms: tuple[int, ...]


def read_measurements(global_body: bytes, lead_body: bytes) -> Measured:
    """Section 7, and section 10 for what it lacks."""
    if len(global_body) < 6:
        return Measured(CartMeasurements(**_of_all_leads(lead_body)), ())
    blocks, spikes = global_body[0], global_body[1]
    at = 6 + blocks * _BLOCK.size
    if at + spikes * _SPIKE_BYTES > len(global_body):
        return Measured(CartMeasurements(**_of_all_leads(lead_body)), ())
    rr = _ms(struct.unpack_from("<H", global_body, 2)[0])
    values: dict[str, float | None] = {"rr_ms": rr, "heart_rate_bpm": round(60_000 / rr, 1) if rr else None}
    spikes_ms = tuple(struct.unpack_from("<H", global_body, at + 4 * number)[0] for number in range(spikes))
    values |= _rates(global_body[at + spikes * _SPIKE_BYTES :])
    if blocks:
        values |= _of_block(global_body[6:])
    for name, value in _of_all_leads(lead_body).items():
        if values.get(name) is None:
            values[name] = value
    return Measured(CartMeasurements(**values), spikes_ms)


def _of_block(body: bytes) -> dict[str, float | None]:
    """Intervals from the boundaries of the first block, which is the reference beat's."""
    p_on, p_off, qrs_on, qrs_off, t_off, *axes = _BLOCK.unpack_from(body)
    p_axis, qrs_axis, t_axis = (float(axis) if abs(axis) <= 360 else None for axis in axes)
    return {
        "p_ms": _between(p_on, p_off),
        "pr_ms": _between(p_on, qrs_on),
        "qrs_ms": _between(qrs_on, qrs_off),
        "qt_ms": _between(qrs_on, t_off),
        "p_axis_deg": p_axis,
        "qrs_axis_deg": qrs_axis,
        "t_axis_deg": t_axis,
    }


def _rates(body: bytes) -> dict[str, float | None]:
    """Behind the list of beats' kinds: ventricular rate, atrial rate, corrected QT and its formula."""
    if len(body) < 2:
        return {}
    at = 2 + struct.unpack_from("<H", body)[0]
    if at + 6 > len(body):
        return {}
    rate, _, qtc = struct.unpack_from("<3H", body, at)
    return {"qtc_ms": _ms(qtc)} | ({"heart_rate_bpm": float(rate)} if 0 < rate <= 500 else {})


def _of_all_leads(body: bytes) -> dict[str, float | None]:
    """What section 10 says alike of every lead: there a cart has written its global value. Leads that differ are
    measurements of one lead each, and none of them is the ECG's."""
    found: set[tuple[int, ...]] = set()
    at = 4
    for _ in range(struct.unpack_from("<H", body)[0] if len(body) >= 4 else 0):
        if at + 4 + _LEAD_INTERVALS.size > len(body):
            return {}
        found.add(_LEAD_INTERVALS.unpack_from(body, at + 4))
        at += 4 + struct.unpack_from("<H", body, at + 2)[0]
    columns = zip(("p_ms", "pr_ms", "qrs_ms", "qt_ms"), zip(*found, strict=True), strict=False)
    return {name: _ms(column[0]) if len(set(column)) == 1 else None for name, column in columns}


def _between(start: int, end: int) -> float | None:
    return float(end - start) if start < end <= MAX_MS else None


def _ms(value: int) -> float | None:
    return float(value) if 0 < value <= MAX_MS else None


def read_statements(text_body: bytes, coded_body: bytes, texts: Texts) -> tuple[str, ...]:
    """The texts of section 8; where there is none, the full texts and codes of section 11."""
    written = [texts.decode(value) for value in _numbered(text_body)]
    if not any(written):
        written = [
            " ".join(filter(None, (texts.decode(part) for part in value[1:].split(b"\0"))))
            if value[:1] != bytes([FULL_TEXT])
            else texts.decode(value[1:])
            for value in _numbered(coded_body)
        ]
    return tuple(filter(None, written))


def _numbered(body: bytes) -> list[bytes]:
    """Behind kind, date and time: a count, then number, length and bytes of each statement."""
    found: list[bytes] = []
    at = 9
    for _ in range(body[8] if len(body) > 8 else 0):
        if at + 3 > len(body):
            break
        length = struct.unpack_from("<H", body, at + 1)[0]
        if at + 3 + length > len(body):
            break
        found.append(body[at + 3 : at + 3 + length])
        at += 3 + length
    return found
