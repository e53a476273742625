"""SCP-ECG files as recordings."""

from collections.abc import Mapping

from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import Remark
from services.ecg.parse.scp.header import read_header
from services.ecg.parse.scp.measurements import read_measurements, read_statements
from services.ecg.parse.scp.sections import looks_like_scp, read_sections
from services.ecg.parse.scp.signals import read_signals


class ScpReader:
    """EN 1064 with its own or the default Huffman table, differences of first or second order and reference beat
    subtraction. Bimodal compression is refused: it is lossy between the beats."""

    name = "scp"

    def recognizes(self, data: bytes) -> bool:
        return looks_like_scp(data)

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        sections = read_sections(file.data)
        signals = read_signals(sections)
        header, texts = read_header(sections.body(1))
        measured = read_measurements(sections.body(7), sections.body(10))
        statements = read_statements(sections.body(8), sections.body(11), texts)
        rate = signals.sampling_rate_hz
        spikes = (round(moment * rate / 1000) for moment in measured.spikes_ms)
        remarks = {Remark.checksum_wrong} if sections.checksum_wrong else set()
        return Read(
            Recording(
                format=self.name,
                sampling_rate_hz=rate,
                leads=signals.names,
                microvolts=signals.microvolts,
                recorded_at=header.recorded_at,
                resolution_uv=signals.resolution_uv,
                patient=header.patient,
                device=header.device,
                filters=header.filters,
                cart=measured.cart,
                statements=statements,
                spike_samples=tuple(spike for spike in spikes if spike < signals.microvolts.shape[1]),
                remarks=tuple(sorted(remarks | texts.remarks)),
            )
        )
