"""GE CardioSoft XML (root ``CardiologyXML``): samples as text.

``StripData`` is the rhythm; ``MedianSamples``, ``VectorLoops`` and ``FullDisclosure`` are not.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Literal

from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import CartMeasurements, Device, Filters, Microvolts, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml import Node, parse_xml, root_name
from services.ecg.parse.xml_leads import bring_together, check_lead_count, check_rate
from services.ecg.parse.xml_values import (
    age,
    day,
    invalid_samples,
    local_time,
    measured,
    number,
    numbers,
    person_name,
    sex,
    whole,
)


class CardioSoftReader:
    name: Literal["cardiosoft"] = "cardiosoft"

    def recognizes(self, data: bytes) -> bool:
        return root_name(data) == "CardiologyXML"

    def read(self, file: SourceFile, _companions: Mapping[str, SourceFile]) -> Read:
        document = parse_xml(file.data)
        root = document.root
        strip = root.child("StripData")
        if strip is None or strip.child("WaveformData") is None:
            raise Refused(RefusalCode.no_waveform, "CardioSoft 文件中没有节律波形（StripData），请连同波形一起导出。")
        rate = check_rate(number(strip.said("SampleRate")))
        step = _microvolts_per_step(strip)
        check_lead_count(len(strip.all("WaveformData")))
        count = whole(strip.said("ChannelSampleCountTotal"))
        leads = bring_together(
            rate, [(lead.attribute("lead"), _samples(lead, count) * step) for lead in strip.all("WaveformData")]
        )
        recorded_at = local_time(_day(root.child("ObservationDateTime")), _clock(root.child("ObservationDateTime")))
        remarks = (*document.remarks, *leads.remarks, *(() if recorded_at else (Remark.time_missing,)))
        return Read(
            Recording(
                format=self.name,
                sampling_rate_hz=rate,
                leads=leads.names,
                microvolts=leads.microvolts,
                recorded_at=recorded_at,
                resolution_uv=step,
                accession_number=root.said("PatientVisit", "OrderNumber"),
                patient=_patient(root),
                device=Device(
                    manufacturer="GE",
                    model=root.said("ClinicalInfo", "DeviceInfo", "Desc"),
                    software=root.said("ClinicalInfo", "DeviceInfo", "SoftwareVer"),
                ),
                filters=_filters(root),
                cart=_measurements(root),
                statements=_statements(root),
                remarks=remarks,
            )
        )


def _microvolts_per_step(strip: Node) -> float:
    step = number(strip.said("Resolution"))
    if step is None or step <= 0 or strip.attribute("Resolution", "units").lower() != "uvperlsb":
        raise invalid_samples("没有可用的幅度单位")
    return step


def _samples(lead: Node, count: int | None) -> Microvolts:
    samples = numbers(lead.text, ",")
    if count is not None and samples.size != count:
        raise invalid_samples("采样点数与声明的不符")
    return samples


def _day(moment: Node | None) -> str:
    return "-".join(moment.said(part).zfill(2) for part in ("Year", "Month", "Day")) if moment else ""


def _clock(moment: Node | None) -> str:
    return ":".join(moment.said(part).zfill(2) for part in ("Hour", "Minute", "Second")) if moment else ""


def _patient(root: Node) -> PatientFacts:
    person = root.child("PatientInfo")
    if person is None:
        return PatientFacts()
    return PatientFacts(
        id=person.said("PID"),
        name=person_name(person.said("Name", "FamilyName"), person.said("Name", "GivenName")),
        sex=sex(person.said("Gender")),
        birth_date=day(_day(person.child("BirthDateTime"))),
        age=age(person.said("Age"), person.attribute("Age", "units")),
    )


def _filters(root: Node) -> Filters:
    setting = root.child("FilterSetting")
    if setting is None:
        return Filters()
    notch = next((hz for hz in (50.0, 60.0) if setting.said(f"Filter{hz:.0f}Hz").lower() == "yes"), None)
    return Filters(number(setting.said("HighPass")), number(setting.said("LowPass")), notch)


def _measurements(root: Node) -> CartMeasurements:
    cart = root.child("RestingECGMeasurements")
    if cart is None:
        return CartMeasurements()

    def of(name: str) -> float | None:
        return measured(cart.said(name))

    return CartMeasurements(
        heart_rate_bpm=of("VentricularRate"),
        rr_ms=of("RRInterval"),
        p_ms=of("PDuration"),
        pr_ms=of("PQInterval"),
        qrs_ms=of("QRSDuration"),
        qt_ms=of("QTInterval"),
        qtc_ms=of("QTCInterval"),
        p_axis_deg=of("PAxis"),
        qrs_axis_deg=of("RAxis"),
        t_axis_deg=of("TAxis"),
    )


def _statements(root: Node) -> tuple[str, ...]:
    """``Diagnosis`` is the program's; ``Conclusion`` repeats it, or a physician's change of it. Behind a line ``---``
    stands what was found in the full disclosure, which is not this recording."""
    texts = root.all("Interpretation", "Diagnosis", "DiagnosisText") or root.all(
        "Interpretation", "Conclusion", "ConclusionText"
    )
    lines = [" ".join(text.text.split()) for text in texts]
    return tuple(line for line in takewhile(lambda line: line != "---", lines) if line)
