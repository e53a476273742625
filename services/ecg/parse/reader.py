"""The interface behind which every format stands, so that a site can add its cart's private export."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.ecg.parse.recording import Recording


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One uploaded file. ``name`` is what the clinic called it: only companions (WFDB) are looked up by it."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """``used``: names of the companions whose bytes are part of this recording."""

    recording: Recording
    used: tuple[str, ...] = ()


class Reader(Protocol):
    """One format. Stateless; ``recognizes`` looks at the content alone and is cheap (a few kilobytes)."""

    @property
    def name(self) -> str:
        """The format's word: scp, aecg, dicom, muse, philips, cardiosoft, edf, wfdb, csv, json."""

    def recognizes(self, data: bytes) -> bool: ...

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        """``companions``: the upload's other files by lower-case name. Raises Refused and nothing else, whatever the
        bytes are; within a second and 300 MB."""
