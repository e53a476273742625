"""The cart's measurements, words and pacing spikes as waveform annotations (PS3.3 C.10.10)."""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from services.ecg.dicom.codes import code_item
from services.ecg.dicom.quantize import decimal_string
from services.ecg.parse.dicom_codes import VENTRICULAR_PACE_SPIKE
from services.ecg.parse.recording import Recording

_MS, _DEGREES = ("ms", "UCUM", "milliseconds"), ("deg", "UCUM", "degrees")
_PER_MINUTE = ("{H.B.}/min", "UCUM", "heart beats per minute")
_MEASUREMENTS = {
    "heart_rate_bpm": (("2:16016", "MDC", "Ventricular Heart Rate"), _PER_MINUTE),
    "rr_ms": (("2:16168", "MDC", "RR interval global"), _MS),
    "p_ms": (("2:16184", "MDC", "P duration global"), _MS),
    "pr_ms": (("2:15872", "MDC", "PR interval global"), _MS),
    "qrs_ms": (("2:16156", "MDC", "QRS duration global"), _MS),
    "qt_ms": (("2:16160", "MDC", "QT interval global"), _MS),
    "qtc_ms": (("2:15876", "MDC", "QTc interval global"), _MS),
    "p_axis_deg": (("2:16128", "MDC", "P Axis"), _DEGREES),
    "qrs_axis_deg": (("2:16132", "MDC", "QRS axis"), _DEGREES),
    "t_axis_deg": (("2:16136", "MDC", "T axis"), _DEGREES),
}
_SPIKE = (VENTRICULAR_PACE_SPIKE, "MDC", "ventricle Antibradycardia pace spike")
_SPIKES_AN_ITEM = 1000
_STATEMENTS, _GLOBAL, _SPIKES = 1, 2, 3


def annotations_of(recording: Recording) -> list[Dataset]:
    """Of all channels of the one multiplex group."""
    found = [_item(_STATEMENTS, UnformattedTextValue=text[:1024]) for text in recording.statements if text]
    for name, (concept, unit) in _MEASUREMENTS.items():
        value: float | None = getattr(recording.cart, name)
        if value is not None:
            item = _item(_GLOBAL, NumericValue=decimal_string(value))
            item.ConceptNameCodeSequence = [code_item(*concept)]
            item.MeasurementUnitsCodeSequence = [code_item(*unit)]
            found.append(item)
    found.extend(_spikes(recording))
    return found


def _spikes(recording: Recording) -> Iterator[Dataset]:
    """Sample positions count from 1 (PS3.3 C.10.10.1.1)."""
    for start in range(0, len(recording.spike_samples), _SPIKES_AN_ITEM):
        positions = [sample + 1 for sample in recording.spike_samples[start : start + _SPIKES_AN_ITEM]]
        item = _item(_SPIKES, TemporalRangeType="POINT" if len(positions) == 1 else "MULTIPOINT")
        item.ConceptNameCodeSequence = [code_item(*_SPIKE)]
        item.ReferencedSamplePositions = positions
        yield item


def _item(group: int, **attributes: str) -> Dataset:
    item = Dataset()
    item.ReferencedWaveformChannels = [1, 0]
    item.AnnotationGroupNumber = group
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
