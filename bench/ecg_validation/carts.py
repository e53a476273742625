"""The same recordings as a cart measured them: whatever files of the corpus carry the cart's own numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.ecg.parse.read_upload import read_upload
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording

_FOLDERS = ("aecg", "dicom", "muse", "philips", "scp")


@dataclass(frozen=True, slots=True)
class FromCart:
    """``name``: folder and file. ``recording.cart`` has at least QRS."""

    name: str
    recording: Recording


def read_all(folder: Path) -> Iterator[FromCart]:
    """``folder``: the corpus' ecg. Files without cart measurements, refused ones and short fragments are left out."""
    for kind in _FOLDERS:
        for path in sorted((folder / kind).iterdir()):
            for found in read_upload([SourceFile(path.name, path.read_bytes())]).recordings:
                recording = found.recording
                if recording.cart.qrs_ms is not None and recording.duration_s >= 5:
                    yield FromCart(f"{kind}/{path.name}", recording)
