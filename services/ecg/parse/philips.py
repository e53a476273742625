"""Philips Sierra XML (root ``restingecgdata``), documents SierraECG and PhilipsECG 1.03 to 1.04.02."""

from collections.abc import Mapping
from typing import Literal

from services.ecg.parse.philips_waveform import read_waveform
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import CartMeasurements, Device, Filters, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml import Node, parse_xml, root_name
from services.ecg.parse.xml_leads import bring_together
from services.ecg.parse.xml_values import age, day, local_time, measured, number, person_name, sex

_TYPES = {"SierraECG", "PhilipsECG"}
_VERSIONS = {"1.03", "1.04", "1.04.01", "1.04.02"}
_PLACEHOLDER = "- "  # ``---`` stands for "nothing"


class PhilipsReader:
    name: Literal["philips"] = "philips"

    def recognizes(self, data: bytes) -> bool:
        return root_name(data) == "restingecgdata"

    def read(self, file: SourceFile, _companions: Mapping[str, SourceFile]) -> Read:
        document = parse_xml(file.data)
        root = document.root
        _check_version(root)
        waveform = read_waveform(root)
        leads = bring_together(waveform.rate_hz, waveform.leads)
        recorded_at = local_time(root.attribute("dataacquisition", "date"), root.attribute("dataacquisition", "time"))
        remarks = (*document.remarks, *leads.remarks, *(() if recorded_at else (Remark.time_missing,)))
        return Read(
            Recording(
                format=self.name,
                sampling_rate_hz=waveform.rate_hz,
                leads=leads.names,
                microvolts=leads.microvolts,
                recorded_at=recorded_at,
                resolution_uv=waveform.resolution_uv,
                accession_number=_said(root, "orderinfo", "ordernumber"),
                patient=_patient(root),
                device=_device(root),
                filters=_filters(root),
                cart=_measurements(root),
                statements=_statements(root),
                spike_samples=_spikes(root, waveform.rate_hz, leads.microvolts.shape[1]),
                remarks=remarks,
            )
        )


def _check_version(root: Node) -> None:
    kind, version = root.said("documentinfo", "documenttype"), root.said("documentinfo", "documentversion")
    if kind not in _TYPES or version not in _VERSIONS:
        raise Refused(
            RefusalCode.format_unsupported,
            f"飞利浦文件的类型是 {kind[:30] or '（空）'} {version[:10]}，"
            "本中心能读 SierraECG / PhilipsECG 1.03 至 1.04.02。",
        )


def _said(node: Node | None, *path: str) -> str:
    text = node.said(*path) if node else ""
    return text if text.strip(_PLACEHOLDER) else ""


def _patient(root: Node) -> PatientFacts:
    person = root.child("patient", "generalpatientdata")
    if person is None:
        return PatientFacts()
    family = _said(person, "name", "lastname") or _said(person, "lastname")
    given = _said(person, "name", "firstname") or _said(person, "firstname")
    return PatientFacts(
        id=_said(person, "patientid") or _said(person, "MRN"),
        name=person_name(family, given, _said(person, "name", "middlename")),
        sex=sex(person.said("sex")),
        birth_date=day(person.said("age", "dateofbirth") or person.said("dateofbirth")),
        age=next(
            filter(None, (age(person.said("age", unit), unit) for unit in ("years", "months", "weeks", "days"))), None
        ),
    )


def _device(root: Node) -> Device:
    machine = root.child("dataacquisition", "machine")
    if machine is None:
        return Device(manufacturer="Philips")
    return Device(
        manufacturer="Philips",
        model=" ".join(machine.text.split()),
        serial=machine.attribute("machineid"),
        software=machine.attribute("detaildescription"),
    )


def _filters(root: Node) -> Filters:
    """Of the stored samples; ``reportbandwidth`` is of the print. 1.03 writes ``0.05-150``."""
    signal = root.child("dataacquisition", "signalcharacteristics")
    if signal is None:
        return Filters()
    low, _, high = signal.said("signalbandwidth").partition("-")
    notch = number(signal.said("acsetting")) if signal.said("notchfiltered").lower() == "true" else None
    return Filters(
        low_cut_hz=number(signal.said("hipass") or low),
        high_cut_hz=number(signal.said("lowpass") or high),
        notch_hz=notch,
    )


def _measurements(root: Node) -> CartMeasurements:
    """What stands beside the interpretation (editable by people), else what the program measured."""
    interpretation = root.child("interpretations", "interpretation")
    sources = [
        node
        for node in (
            interpretation.child("globalmeasurements") if interpretation else None,
            interpretation.child("interpretationmeasurements") if interpretation else None,
            root.child("internalmeasurements", "crossleadmeasurements"),
            root.child("measurements", "globalmeasurements"),
        )
        if node
    ]

    def of(*names: str) -> float | None:
        values = (measured(source.said(name)) for source in sources for name in names)
        return next((value for value in values if value is not None), None)

    return CartMeasurements(
        heart_rate_bpm=of("heartrate", "meanventrate"),
        rr_ms=of("rrint", "meanrrint"),
        p_ms=of("pdur"),
        pr_ms=of("print", "meanprint"),
        qrs_ms=of("qrsdur", "meanqrsdur"),
        qt_ms=of("qtint", "meanqtint"),
        qtc_ms=of("qtcb", "meanqtc"),
        p_axis_deg=of("pfrontaxis"),
        qrs_axis_deg=of("qrsfrontaxis"),
        t_axis_deg=of("tfrontaxis"),
    )


def _statements(root: Node) -> tuple[str, ...]:
    """Each statement and, behind a comma, the reason that stands right of it; the severity last."""
    interpretation = root.child("interpretations", "interpretation")
    if interpretation is None:
        return ()
    lines = [
        ", ".join(filter(None, (_said(statement, "leftstatement"), _said(statement, "rightstatement"))))
        for statement in interpretation.all("statement")
    ]
    return tuple(line for line in (*lines, _said(interpretation, "severity")) if line)


def _spikes(root: Node, rate_hz: float, length: int) -> tuple[int, ...]:
    """The pulses of all leads together (``starttime`` in ms); single leads list noise of their own beside them."""
    found: set[int] = set()
    for group in (("internalmeasurements", "crossleadmeasurements"), ("measurements", "globalmeasurements")):
        for pulse in root.all(*group, "pacepulses", "pacepulse"):
            start_ms = number(pulse.attribute("starttime"))
            if start_ms is not None and 0 <= start_ms * rate_hz / 1000 < length:
                found.add(int(start_ms * rate_hz / 1000))
    return tuple(sorted(found))
