"""The formats this centre reads, in the order in which they are tried."""

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from services.ecg.parse.aecg import AecgReader
from services.ecg.parse.cardiosoft import CardioSoftReader
from services.ecg.parse.csv_table import CsvReader
from services.ecg.parse.dicom import DicomReader
from services.ecg.parse.edf import EdfReader
from services.ecg.parse.json_table import JsonReader
from services.ecg.parse.muse import MuseReader
from services.ecg.parse.philips import PhilipsReader
from services.ecg.parse.reader import Read, Reader, SourceFile
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.scp.reader import ScpReader
from services.ecg.parse.wfdb import WfdbReader
from shared.telemetry import fields

GROUP = "gongzhen.ecg_readers"
READ_HERE = "SCP-ECG、HL7 aECG、DICOM 心电波形、GE MUSE XML、GE CardioSoft XML、飞利浦 XML、EDF、WFDB、CSV、JSON"
logger = logging.getLogger(__name__)


@cache
def readers() -> tuple[Reader, ...]:
    """Signed formats first, then a site's plug-ins, last the tables, which know little of themselves: a plug-in may
    claim a cart's private table, and none can take a standard's file away."""
    return (
        DicomReader(), ScpReader(), EdfReader(), MuseReader(), PhilipsReader(), CardioSoftReader(), AecgReader(),
        WfdbReader(), *plug_ins(entry_points(group=GROUP)), JsonReader(), CsvReader(),
    )  # fmt: skip


def plug_ins(found: Iterable[EntryPoint]) -> tuple[Reader, ...]:
    """The readers that entry points name (a class, or an object), each behind a guard; one that fails is left out."""
    loaded: list[Reader] = []
    for entry in sorted(found, key=lambda entry: entry.name):
        try:
            named = entry.load()
            loaded.append(GuardedReader(named() if isinstance(named, type) else named))
        except Exception:  # foreign code: whatever it does, the centre still starts
            logger.exception("an ECG reader's plug-in could not be loaded", extra=fields(kind=entry.name))
    return tuple(loaded)


class GuardedReader:
    """A plug-in of whose faults a clinic sees a refusal and the log the class and place."""

    def __init__(self, plug_in: Reader) -> None:
        self._plug_in = plug_in
        self.name = str(plug_in.name)
        if not (callable(plug_in.recognizes) and callable(plug_in.read)):
            raise TypeError("a reader has recognizes and read")

    def recognizes(self, data: bytes) -> bool:
        try:
            return bool(self._plug_in.recognizes(data))
        except Exception:
            logger.exception("an ECG reader's plug-in failed", extra=fields(kind=self.name))
            return False

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        try:
            answer = self._plug_in.read(file, companions)
        except Refused:
            raise
        except Exception as error:
            logger.exception("an ECG reader's plug-in failed", extra=fields(kind=self.name))
            raise Refused(
                RefusalCode.format_broken, f"读取程序“{self.name}”未能解读此文件，请重新导出或联系中心管理员。"
            ) from error
        if not isinstance(answer, Read):
            logger.error("an ECG reader's plug-in answered something else", extra=fields(kind=self.name))
            raise Refused(RefusalCode.format_broken, f"读取程序“{self.name}”有误，请联系中心管理员。")
        return answer
