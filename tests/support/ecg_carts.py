"""One synthetic ECG as each kind of cart would send it: the files of an upload, names and bytes."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import numpy as np

from services.ecg.parse.recording import Recording
from tests.support.ecg_dicom import FakeGroup, waveform_file
from tests.support.ecg_files import scp_example, scp_text, scp_when
from tests.support.ecg_signals import make_ecg
from tests.support.ecg_xml import EIGHT, TWELVE, Steps, aecg, cardiosoft, muse, philips

Files = list[tuple[str, bytes]]
SENT_AT = "2026-03-01T09:30:00"  # Asia/Shanghai: what make_ecg says in UTC

# The standard's picture of an inferior infarction: II, III and aVF raised, their opposites pressed down.
INFERIOR_ST_UV = {"I": -100, "II": 200, "III": 300, "aVR": -50, "aVL": -200, "aVF": 250, "V1": 0, "V2": -100}


def table(
    recording: Recording | None = None,
    *,
    patient_id: str = "P001",
    name: str = "测试甲",
    sex: str = "M",
    recorded_at: str | None = SENT_AT,
    lost: Mapping[str, slice] | None = None,
) -> bytes:
    """CSV, whose every fact is the test's own. ``lost``: samples of a lead that have no value."""
    recording = recording or make_ecg(noise_uv=5)
    columns = [[f"{value:.0f}" for value in lead] for lead in recording.microvolts]
    for lead, part in (lost or {}).items():
        column = columns[recording.leads.index(lead)]
        column[part] = [""] * len(column[part])
    facts = {
        "sampling_rate_hz": f"{recording.sampling_rate_hz:g}",
        "unit": "uV",
        "patient_id": patient_id,
        "patient_name": name,
        "sex": sex,
        **({"recorded_at": recorded_at} if recorded_at else {}),
    }
    lines = [f"# {key}: {value}" for key, value in facts.items()]
    lines += [",".join(recording.leads), *(",".join(row) for row in zip(*columns, strict=True))]
    return "\n".join(lines).encode()


def without(recording: Recording, *leads: str) -> Recording:
    """Leads whose electrode has fallen off: a flat line."""
    samples = recording.microvolts.copy()
    for lead in leads:
        samples[recording.leads.index(lead)] = 0.0
    return Recording(recording.format, recording.sampling_rate_hz, recording.leads, samples)


def steps_of(recording: Recording, leads: tuple[str, ...], step_uv: float) -> Steps:
    return np.rint(np.stack([recording.lead(lead) for lead in leads]) / step_uv).astype(np.int64)


def as_csv(recording: Recording) -> Files:
    return [("ecg.csv", table(recording))]


def as_json(recording: Recording) -> Files:
    leads = ", ".join(
        f'"{lead}": {steps.tolist()}'
        for lead, steps in zip(recording.leads, steps_of(recording, recording.leads, 1.0), strict=True)
    )
    head = f'"sampling_rate_hz": {recording.sampling_rate_hz:g}, "unit": "uV", "recorded_at": "{SENT_AT}"'
    return [("ecg.json", f'{{{head}, "leads": {{{leads}}}}}'.encode())]


def as_scp(recording: Recording) -> Files:
    steps = dict(zip(EIGHT, steps_of(recording, EIGHT, 2.5), strict=True))
    tags = scp_text(2, "P001") + scp_when(2026, 3, 1, 9, 30, 0)
    return [("ecg.scp", scp_example(steps, tags=tags))]


def as_aecg(recording: Recording) -> Files:
    return [("ecg.xml", aecg(steps_of(recording, TWELVE, 2.5)).encode())]


def as_muse(recording: Recording) -> Files:
    return [("muse.xml", muse(steps_of(recording, EIGHT, 2.5), per_bit="2.5").encode())]


def as_philips(recording: Recording) -> Files:
    return [("philips.xml", philips(steps_of(recording, TWELVE, 5.0)).encode())]


def as_cardiosoft(recording: Recording) -> Files:
    return [("cardiosoft.xml", cardiosoft(steps_of(recording, TWELVE, 5.0)).encode("iso-8859-1", "xmlcharrefreplace"))]


def as_dicom(recording: Recording) -> Files:
    leads = dict(zip(TWELVE, steps_of(recording, TWELVE, 2.5), strict=True))
    return [("ecg.dcm", waveform_file([FakeGroup(leads)]))]


def as_wfdb(recording: Recording) -> Files:
    steps = steps_of(recording, recording.leads, 1.0)
    lines = [f"r1 {len(steps)} {recording.sampling_rate_hz:g} {steps.shape[1]} 09:30:00 01/03/2026"]
    for lead, row in zip(recording.leads, steps, strict=True):
        checksum = ((int(row.sum()) + 32768) & 0xFFFF) - 32768
        lines.append(f"r1.dat 16 1000/mV 16 0 {row[0]} {checksum} 0 {lead}")
    return [("r1.hea", "\n".join(lines).encode() + b"\n"), ("r1.dat", steps.T.astype("<i2").tobytes())]


def as_edf(recording: Recording) -> Files:
    return [("ecg.edf", edf(recording))]


def edf(recording: Recording, *, hours: float | None = None) -> bytes:
    """Records of a second, 1 µV a step. ``hours``: the same seconds again and again, as a Holter is long."""
    rate = round(recording.sampling_rate_hz)
    steps = steps_of(recording, recording.leads, 1.0)
    records = [steps[:, at : at + rate].astype("<i2").tobytes() for at in range(0, steps.shape[1] - rate + 1, rate)]
    count = len(records) if hours is None else round(hours * 3600)
    return _edf_head(recording.leads, rate, count) + b"".join(records[number % len(records)] for number in range(count))


def _edf_head(leads: tuple[str, ...], rate: int, records: int) -> bytes:
    def each(*texts: str, width: int) -> bytes:
        return b"".join(text.ljust(width).encode() for text in texts)

    n = len(leads)
    head = each("0", width=8) + each("T0001 M 31-JAN-1960 Ce_Shi", "x", width=80) + b"01.03.2609.30.00"
    head += each(str(256 * (n + 1)), width=8) + each("", width=44) + each(str(records), "1", width=8)
    head += each(str(n), width=4) + each(*(f"ECG {lead}" for lead in leads), width=16) + each(*[""] * n, width=80)
    for text in ("uV", "-32767", "32767", "-32767", "32767"):
        head += each(*[text] * n, width=8)
    return head + each(*[""] * n, width=80) + each(*[str(rate)] * n, width=8) + each(*[""] * n, width=32)


CARTS: dict[str, Callable[[Recording], Files]] = {
    "scp": as_scp,
    "aecg": as_aecg,
    "dicom": as_dicom,
    "muse": as_muse,
    "philips": as_philips,
    "cardiosoft": as_cardiosoft,
    "edf": as_edf,
    "wfdb": as_wfdb,
    "csv": as_csv,
    "json": as_json,
}


def order(patient_id: str = "P001", name: str = "测试甲", **more: object) -> dict[str, object]:
    return {
        "priority": "routine",
        "exam": {"code": "ECG-12", "name": "常规十二导联心电图"},
        "patient": {"id": patient_id, "name": name, "sex": "M", "birth_date": "1960-01-31"},
        "clinical_info": "胸闷半天",
        **more,
    }


def minutes_later(minutes: int) -> str:
    moment = datetime.fromisoformat(SENT_AT)
    return (moment + timedelta(minutes=minutes)).isoformat()


FORM = {
    "technique": "常规十二导联",
    "rhythm": "窦性心律",
    "findings": "P 波规律出现，QRS 时限正常。",
    "impression": "窦性心律，正常范围心电图",
    "positive": False,
}
