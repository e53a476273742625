"""HL7 annotated ECG (FDA aECG, ANSI/HL7 V3 ECG R1-2004; root ``AnnotatedECG``).

The series of code RHYTHM is the ECG; a series derived from it (representative beat) never is.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from services.ecg.parse.aecg_annotations import measurements, statements
from services.ecg.parse.aecg_waveform import read_waveform
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Device, Filters, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml import Node, parse_xml, root_name
from services.ecg.parse.xml_leads import bring_together
from services.ecg.parse.xml_values import age, day, hl7_time, number, person_name, sex

_REPORTED_AGE = "21612-7"  # LOINC
_FILTER = "MDC_ECG_CTL_VBL_ATTR_FILTER_"


class AecgReader:
    name: Literal["aecg"] = "aecg"

    def recognizes(self, data: bytes) -> bool:
        return root_name(data) == "AnnotatedECG"

    def read(self, file: SourceFile, _companions: Mapping[str, SourceFile]) -> Read:
        document = parse_xml(file.data)
        root = document.root
        series = _rhythm(root)
        waveform = read_waveform(series)
        leads = bring_together(waveform.rate_hz, waveform.leads)
        recorded_at = _recorded_at(root, series, waveform.starts_at)
        remarks = [*document.remarks, *waveform.remarks, *leads.remarks]
        if recorded_at is None:
            remarks.append(Remark.time_missing)
        with_annotations = [series, *series.all("derivation", "derivedSeries")]
        return Read(
            Recording(
                format=self.name,
                sampling_rate_hz=waveform.rate_hz,
                leads=leads.names,
                microvolts=leads.microvolts,
                recorded_at=recorded_at,
                resolution_uv=waveform.resolution_uv,
                patient=_patient(root),
                device=_device(series),
                filters=_filters(series),
                cart=measurements(with_annotations),
                statements=statements(with_annotations),
                remarks=tuple(dict.fromkeys(remarks)),
            )
        )


def _rhythm(root: Node) -> Node:
    """The first series called RHYTHM, else the first that is not called a beat."""
    candidates = [
        series
        for series in root.all("component", "series")
        if "BEAT" not in series.attribute("code", "code").upper() and series.child("component", "sequenceSet")
    ]
    if not candidates:
        raise Refused(RefusalCode.no_waveform, "aECG 文件中没有节律波形，请连同波形一起导出。")
    return next((one for one in candidates if one.attribute("code", "code").upper() == "RHYTHM"), candidates[0])


def _recorded_at(root: Node, series: Node, clock: datetime | None) -> datetime | None:
    for node in (series, root):
        effective = node.child("effectiveTime")
        if effective is None:
            continue
        for text in (effective.attribute("low", "value"), effective.attribute("center", "value")):
            if moment := hl7_time(text):
                return moment
        if moment := hl7_time(effective.attribute("value")) or clock:
            return moment
    return clock


def _patient(root: Node) -> PatientFacts:
    subject = root.child("componentOf", "timepointEvent", "componentOf", "subjectAssignment", "subject", "trialSubject")
    if subject is None:
        return PatientFacts()
    person = subject.child("subjectDemographicPerson") or Node("subjectDemographicPerson", {})
    return PatientFacts(
        id=subject.attribute("id", "extension") or subject.attribute("id", "root"),
        name=_name(person.child("name")),
        sex=sex(person.attribute("administrativeGenderCode", "code")),
        birth_date=day(person.attribute("birthTime", "value")[:8]),
        age=_age(root),
    )


def _name(name: Node | None) -> str:
    if name is None:
        return ""
    return " ".join(name.text.split()) or person_name(
        name.said("family"), *(given.said() for given in name.all("given"))
    )


def _age(root: Node) -> str | None:
    for observation in root.all("controlVariable", "relatedObservation"):
        if observation.attribute("code", "code") == _REPORTED_AGE:
            return age(observation.attribute("value", "value"), observation.attribute("value", "unit") or "a")
    return None


def _device(series: Node) -> Device:
    author = series.child("author", "seriesAuthor")
    if author is None:
        return Device()
    device = author.child("manufacturedSeriesDevice") or Node("manufacturedSeriesDevice", {})
    return Device(
        manufacturer=author.said("manufacturerOrganization", "name"),
        model=device.said("manufacturerModelName"),
        serial=device.attribute("id", "extension"),
        software=device.said("softwareName"),
    )


def _filters(series: Node) -> Filters:
    hertz: dict[str, float] = {}
    for variable in series.all("controlVariable", "controlVariable"):
        kind = variable.attribute("code", "code").upper().removeprefix(_FILTER)
        for part in variable.all("component", "controlVariable"):
            value = number(part.attribute("value", "value"))
            if part.attribute("code", "code").upper().endswith("_FREQ") and value is not None and value > 0:
                hertz[kind] = value * (1000 if part.attribute("value", "unit") == "kHz" else 1)
    return Filters(hertz.get("HIGH_PASS"), hertz.get("LOW_PASS"), hertz.get("NOTCH"))
