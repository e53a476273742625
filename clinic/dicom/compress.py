"""JPEG-LS (ISO/IEC 14495-1, PS3.5 A.4.3) of an uncompressed image, believed only when it decodes to the same bytes."""

import io
import warnings
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGLSLossless

from clinic.dicom.header import BROKEN, UNCOMPRESSED
from clinic.spool.files import write_durably

SYNTAX = str(JPEGLSLossless)
_LITTLE_ENDIAN = UNCOMPRESSED - {"1.2.840.10008.1.2.2"}
_MOST_BYTES = 256 << 20  # both forms and a decoded copy are in memory


def compress(source: Path, target: Path, transfer_syntax: str) -> bool:
    """Writes ``target`` durably and returns True, or leaves no file: not an image that JPEG-LS holds without loss, or
    one that would not shrink. The data set's other elements stay as they were.

    Bits above BitsStored (old overlays) are no part of the picture for JPEG-LS: then the bytes differ, and the image
    goes as it came.
    """
    if transfer_syntax not in _LITTLE_ENDIAN or source.stat().st_size > _MOST_BYTES:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom remarks on values that are none of our business here
            data = _compressed(source)
    except (*BROKEN, RuntimeError):
        return False
    if data is None or len(data) >= source.stat().st_size:
        return False
    write_durably(target, [data])
    return True


def _compressed(source: Path) -> bytes | None:
    image = pydicom.dcmread(source)
    if "PixelData" not in image:
        return None
    original = bytes(image.PixelData)
    image.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
    written = io.BytesIO()
    image.save_as(written, enforce_file_format=True)
    return written.getvalue() if _decoded(written) == original else None


def _decoded(written: io.BytesIO) -> bytes:
    """All frames as one uncompressed Pixel Data value (PS3.5 8.1.1: padded to even length)."""
    written.seek(0)
    again: Dataset = pydicom.dcmread(written)
    frames, _ = get_decoder(JPEGLSLossless).as_buffer(again, raw=True, decoding_plugin="pyjpegls")
    data = bytes(frames)
    return data + b"\0" * (len(data) % 2)
