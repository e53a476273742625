"""Small valid ECGs in the XML formats of carts, made by code from whole numbers (leads × samples, in steps)."""

import base64
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ecgdatakit import FileParser
from numpy.typing import NDArray

from services.ecg.parse.reader import Reader, SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused

Steps = NDArray[np.int64]
TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def steps(leads: int, samples: int = 1000, seed: int = 7) -> Steps:
    """A wandering line with spikes: small differences as in an ECG, and a few large ones."""
    random = np.random.default_rng(seed)
    line = random.integers(-6, 7, (leads, samples)).cumsum(axis=1)
    line[:, ::250] += random.integers(-400, 400, (leads, line[:, ::250].shape[1]))
    return line.astype(np.int64)


def aecg(
    values: Steps,
    names: tuple[str, ...] = TWELVE,
    *,
    scale: str = '<scale value="2.5" unit="uV"/>',
    origin: str = '<origin value="0" unit="uV"/>',
    clock: str = '<value xsi:type="GLIST_TS"><head value="20240102083000.000+0800"/>'
    '<increment value="0.002" unit="s"/></value>',
    start: str = "20240102083000+0800",
    code: str = "RHYTHM",
    annotations: str = "",
    extra_sets: str = "",
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> str:
    beat = aecg_set(values[:, :100] * 3, names, scale=scale, origin=origin, clock=clock)
    return f"""{prolog}
<!-- made for a test -->
<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Observation">
<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject>
<id root="1.2.3" extension="P-0001"/><subjectDemographicPerson><name><family>测试</family><given>甲</given></name>
<administrativeGenderCode code="F"/><birthTime value="19700203"/></subjectDemographicPerson>
</trialSubject></subject></subjectAssignment></componentOf></timepointEvent></componentOf>
<controlVariable><relatedObservation><code code="21612-7"/><value value="53" unit="a"/></relatedObservation>
</controlVariable>
<component><series><code code="{code}"/><effectiveTime><low value="{start}"/></effectiveTime>
<author><seriesAuthor><manufacturedSeriesDevice><id extension="SN9"/><manufacturerModelName>M1</manufacturerModelName>
<softwareName>2.0</softwareName></manufacturedSeriesDevice>
<manufacturerOrganization><name>测试心电</name></manufacturerOrganization></seriesAuthor></author>
{_aecg_filter("LOW_PASS", "CUTOFF_FREQ", 150)}{_aecg_filter("HIGH_PASS", "CUTOFF_FREQ", 0.05)}
{_aecg_filter("NOTCH", "NOTCH_FREQ", 50)}
{aecg_set(values, names, scale=scale, origin=origin, clock=clock)}{extra_sets}
<subjectOf><annotationSet>{annotations}</annotationSet></subjectOf>
<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>{beat}</derivedSeries></derivation>
</series></component></AnnotatedECG>"""


def aecg_set(values: Steps, names: tuple[str, ...], *, scale: str, origin: str, clock: str) -> str:
    leads = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{name.upper()}"/><value xsi:type="SLIST_PQ">{origin}{scale}'
        f"<digits>{' '.join(map(str, row.tolist()))}</digits></value></sequence></component>"
        for name, row in zip(names, values, strict=True)
    )
    time = f'<component><sequence><code code="TIME_ABSOLUTE"/>{clock}</sequence></component>'
    return f"<component><sequenceSet>{time}{leads}</sequenceSet></component>"


def aecg_annotation(code: str, value: str, inner: str = "") -> str:
    """``value``: the whole ``value`` element."""
    return f'<component><annotation><code code="{code}"/>{value}{inner}</annotation></component>'


def muse(
    values: Steps,
    names: tuple[str, ...] = EIGHT,
    *,
    unit: str = "MICROVOLTS",
    per_bit: str = "4.88",
    date: str = "01-02-2024",
    time: str = "08:30:00",
    kinds: tuple[str, ...] = ("Median", "Rhythm"),
    base_and_exponent: tuple[str, str] = ("500", "0"),
    lead_extra: str = "",
    name: str = "<PatientLastName>测试</PatientLastName><PatientFirstName>乙</PatientFirstName>",
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE RestingECG SYSTEM "restecg.dtd">',
) -> str:
    waveforms = ""
    for kind in kinds:
        rows = values if kind == "Rhythm" else values[:, :100] * 3
        leads = "".join(_muse_lead(lead, row, unit, per_bit, lead_extra) for lead, row in zip(names, rows, strict=True))
        waveforms += f"""<Waveform><WaveformType>{kind}</WaveformType><SampleType>CONTINUOUS_SAMPLES</SampleType>
<SampleBase>{base_and_exponent[0]}</SampleBase><SampleExponent>{base_and_exponent[1]}</SampleExponent>
<HighPassFilter>5</HighPassFilter><LowPassFilter>150</LowPassFilter><ACFilter>50</ACFilter>{leads}</Waveform>"""
    return f"""{prolog}
<RestingECG><PatientDemographics><PatientID>P-0002</PatientID>{name}<PatientAge>8</PatientAge>
<AgeUnits>MONTHS</AgeUnits><DateofBirth>05-06-2023</DateofBirth><Gender>MALE</Gender></PatientDemographics>
<TestDemographics><AcquisitionDate>{date}</AcquisitionDate><AcquisitionTime>{time}</AcquisitionTime>
<AcquisitionDevice>MAC55</AcquisitionDevice><CartNumber>7</CartNumber></TestDemographics>
<RestingECGMeasurements><VentricularRate>72</VentricularRate><PRInterval>150</PRInterval>
<QRSDuration>90</QRSDuration><QTInterval>400</QTInterval><QTCorrected>-32768</QTCorrected><PAxis>50</PAxis>
<RAxis>-30</RAxis><TAxis>40</TAxis></RestingECGMeasurements>
<Diagnosis><DiagnosisStatement><StmtText>Sinus</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>rhythm</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Normal ECG</StmtText></DiagnosisStatement></Diagnosis>
{waveforms}<PharmaData><PharmaRRinterval>1</PharmaRRinterval></PharmaData></RestingECG>"""


def philips(
    values: Steps,
    names: tuple[str, ...] = TWELVE,
    *,
    version: str = "1.04",
    kind: str = "PhilipsECG",
    compression: str = "XLI",
    duration_ms: int | None = None,
    body: str | None = None,
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> str:
    duration_ms = values.shape[1] * 2 if duration_ms is None else duration_ms
    raw = xli(values, names) if compression == "XLI" else values.astype("<i2").tobytes()
    beat = base64.b64encode((values[0, :100] * 3).astype("<i2").tobytes()).decode()
    body = base64.b64encode(raw).decode() if body is None else body
    return f"""{prolog}
<restingecgdata xmlns="http://www3.medical.philips.com" status="Await confirm"><documentinfo>
<documenttype>{kind}</documenttype><documentversion>{version}</documentversion></documentinfo>
<orderinfo><ordernumber>ACC-9</ordernumber></orderinfo>
<dataacquisition date="2024-01-02" time="08:30:00">
<machine machineid="SN3" detaildescription="A.01">PageWriter</machine>
<signalcharacteristics><samplingrate>500</samplingrate><resolution>5</resolution><hipass>0.05</hipass>
<lowpass>150</lowpass><acsetting>50</acsetting><notchfiltered>True</notchfiltered><bitspersample>16</bitspersample>
</signalcharacteristics></dataacquisition>
<patient><generalpatientdata><patientid>P-0003</patientid><name><lastname>测试</lastname><firstname>丙</firstname></name>
<age><years>61</years></age><sex>Female</sex></generalpatientdata></patient>
<internalmeasurements><crossleadmeasurements><pacepulses><pacepulse starttime="400"/><pacepulse starttime="99999"/>
</pacepulses></crossleadmeasurements></internalmeasurements>
<interpretations><interpretation><globalmeasurements><heartrate>84</heartrate><rrint>714</rrint><print>144</print>
<qrsdur>84</qrsdur><qtint>352</qtint><qtcb>417</qtcb><pfrontaxis>Indeterminate</pfrontaxis>
<qrsfrontaxis>78</qrsfrontaxis></globalmeasurements><severity>- ABNORMAL ECG -</severity>
<statement><leftstatement>SINUS RHYTHM</leftstatement><rightstatement>V-rate 60-99</rightstatement></statement>
<statement><leftstatement>---</leftstatement></statement></interpretation></interpretations>
<waveforms><parsedwaveforms dataencoding="Base64" compression="{compression or "Uncompressed"}"
 numberofleads="{len(names)}" leadlabels="{" ".join(names)}" durationperchannel="{duration_ms}" samplespersecond="500"
 resolution="5">{body}</parsedwaveforms>
<repbeats dataencoding="Base64"><repbeat leadname="I"><waveform>{beat}</waveform></repbeat></repbeats>
</waveforms></restingecgdata>"""


def cardiosoft(
    values: Steps,
    names: tuple[str, ...] = TWELVE,
    *,
    count: int | None = None,
    unit: str = "uVperLsb",
    prolog: str = '<?xml version="1.0" encoding="ISO-8859-1" ?>',
) -> str:
    def leads(rows: Steps) -> str:
        return "".join(
            f'<WaveformData lead="{name}">{",".join(map(str, row.tolist()))}\n\t</WaveformData>'
            for name, row in zip(names, rows, strict=True)
        )

    count = values.shape[1] if count is None else count
    return f"""{prolog}
<CardiologyXML><ObservationType>RestECG</ObservationType><ObservationDateTime><Hour>8</Hour><Minute>30</Minute>
<Second>0</Second><Day>2</Day><Month>1</Month><Year>2024</Year></ObservationDateTime>
<ClinicalInfo><DeviceInfo><Desc>CardioSoft</Desc><SoftwareVer>V6</SoftwareVer></DeviceInfo></ClinicalInfo>
<PatientVisit><OrderNumber>ACC-1</OrderNumber></PatientVisit>
<PatientInfo><PID>P-0004</PID><Name><FamilyName>Test</FamilyName><GivenName>Ding</GivenName></Name>
<Age units="YEARS">53</Age><Gender>FEMALE</Gender></PatientInfo>
<FilterSetting><Filter50Hz>Yes</Filter50Hz><LowPass>100</LowPass><HighPass>0.05</HighPass></FilterSetting>
<Interpretation><Diagnosis><DiagnosisText>Sinus rhythm</DiagnosisText><DiagnosisText>---</DiagnosisText>
<DiagnosisText>QRS Complexes: 4</DiagnosisText></Diagnosis></Interpretation>
<RestingECGMeasurements><VentricularRate>50</VentricularRate><PQInterval>174</PQInterval><QRSDuration>92</QRSDuration>
<MedianSamples><SampleRate>500</SampleRate>{leads(values[:, :100] * 3)}</MedianSamples></RestingECGMeasurements>
<StripData><NumberOfLeads>{len(names)}</NumberOfLeads><SampleRate units="Hz">500</SampleRate>
<ChannelSampleCountTotal>{count}</ChannelSampleCountTotal><Resolution units="{unit}">5</Resolution>{leads(values)}
<ArrhythmiaResults><Time>800</Time></ArrhythmiaResults></StripData>
<FullDisclosure><FullDisclosureData>0,0,0</FullDisclosureData></FullDisclosure></CardiologyXML>"""


def xli(values: Steps, names: tuple[str, ...]) -> bytes:
    """Philips' compression, the other way round."""
    rows = {name: row.copy() for name, row in zip(names, values, strict=True)}
    if "I" in rows and "II" in rows:
        one, two = rows["I"], rows["II"]
        three = rows.get("III", two - one)
        rest = {"III": two - one - three}
        if "aVR" in rows:
            rest["aVR"] = -rows["aVR"] - (one + two) // 2
        if "aVL" in rows:
            rest["aVL"] = (one - three) // 2 - rows["aVL"]
        if "aVF" in rows:
            rest["aVF"] = (two + three) // 2 - rows["aVF"]
        rows |= {name: row for name, row in rest.items() if name in rows}
    return b"".join(_xli_chunk(row) for row in rows.values())


def _xli_chunk(row: Steps) -> bytes:
    corrections = 2 * row[1:-1] - row[:-2] - row[2:]  # of samples 2, 3, …; the first of them is in the header
    words = np.concatenate((row[:2], corrections[1:] + 64, [64])).astype(np.int16)
    octets = words.view(np.uint16)
    packed = _lzw(bytes((octets >> 8).astype(np.uint8)) + bytes((octets & 0xFF).astype(np.uint8)))
    return struct.pack("<ihh", len(packed), 1, int(corrections[0])) + packed


def _lzw(data: bytes) -> bytes:
    table = {bytes((value,)): value for value in range(256)}
    codes: list[int] = []
    word = b""
    for value in data:
        longer = word + bytes((value,))
        if longer in table:
            word = longer
            continue
        codes.append(table[word])
        if len(table) < 1023:
            table[longer] = len(table)
        word = bytes((value,))
    bits = "".join(f"{code:010b}" for code in [*codes, table[word], 1023])
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[start : start + 8], 2) for start in range(0, len(bits), 8))


def _muse_lead(name: str, row: Steps, unit: str, per_bit: str, extra: str) -> str:
    raw = row.astype("<i2").tobytes()
    return f"""<LeadData><LeadByteCountTotal>{len(raw)}</LeadByteCountTotal><LeadTimeOffset>0</LeadTimeOffset>
<LeadSampleCountTotal>{row.size}</LeadSampleCountTotal><LeadAmplitudeUnitsPerBit>{per_bit}</LeadAmplitudeUnitsPerBit>
<LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadID>{name}</LeadID><LeadSampleSize>2</LeadSampleSize>{extra}
<LeadDataCRC32>{zlib.crc32(raw)}</LeadDataCRC32><WaveFormData>{base64.encodebytes(raw).decode()}</WaveFormData>
</LeadData>"""


def _aecg_filter(kind: str, part: str, hertz: float) -> str:
    prefix = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
    return (
        f'<controlVariable><controlVariable><code code="{prefix}{kind}"/><component><controlVariable>'
        f'<code code="{prefix}{part}"/><value value="{hertz}" unit="Hz"/></controlVariable></component>'
        "</controlVariable></controlVariable>"
    )


def damaged(data: bytes, *, cuts: int = 40, flips: int = 200, seed: int = 3) -> Iterator[bytes]:
    """The file cut off at ``cuts`` lengths, and ``flips`` copies with one byte changed."""
    for end in range(0, len(data), max(1, len(data) // cuts)):
        yield data[:end]
    random = np.random.default_rng(seed)
    for position, value in zip(random.integers(0, len(data), flips), random.integers(0, 256, flips), strict=True):
        yield data[:position] + bytes((int(value),)) + data[position + 1 :]


def read(reader: Reader, data: bytes | str) -> Recording:
    data = data.encode() if isinstance(data, str) else data
    assert reader.recognizes(data)
    return reader.read(SourceFile("ecg.xml", data), {}).recording


def refusal(reader: Reader, data: bytes | str) -> RefusalCode:
    """The code by which it is refused; fails where it is taken."""
    try:
        recording = reader.read(SourceFile("ecg.xml", data.encode() if isinstance(data, str) else data), {}).recording
    except Refused as refused:
        assert refused.detail
        return refused.code
    raise AssertionError(f"taken: {recording}")


def assert_survives(reader: Reader, data: bytes) -> None:
    """Whatever is broken in it: a Recording with sane samples, or Refused."""
    for broken in damaged(data):
        reader.recognizes(broken)
        try:
            recording = reader.read(SourceFile("ecg.xml", broken), {}).recording
        except Refused:
            continue
        assert recording.microvolts.shape[0] == len(recording.leads) > 0
        assert np.nanmax(np.abs(recording.microvolts)) <= 1e7
        assert 1.0 <= recording.duration_s <= 600.0


def assert_agrees_with_kit(recording: Recording, path: Path) -> None:
    """Sample for sample what ecgdatakit, a library by others, reads from the same file."""
    for lead in FileParser().parse(path).leads:
        microvolts = np.asarray(lead.samples) * {"mV": 1000.0, "uV": 1.0}[lead.units]
        ours = recording.lead(lead.label)
        assert np.abs(ours - microvolts[: ours.size]).max() < 1e-6, lead.label
