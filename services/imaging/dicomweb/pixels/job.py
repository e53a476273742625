"""What is done to bytes from outside in a process of its own (shared/sandbox). Only here do codecs run."""

import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileDataset, validate_file_meta
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

from services.imaging.dicomweb.pixels.coerced import coerce_data_set
from services.imaging.dicomweb.pixels.layout import Layout
from services.imaging.dicomweb.pixels.places import swapped
from services.imaging.dicomweb.pixels.view import View, painted

# Words of values that pydicom writes as they were read, whatever the byte order of the target (PS3.5 7.3).
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
# What pydicom and the codecs raise for files that are not as they should be.
_FAULTS = (AttributeError, LookupError, RuntimeError, TypeError, ValueError, EOFError, OSError, ArithmeticError)


class Undecodable(Exception):
    """No codec reads it, or it is damaged. Without words of the file: they may be a patient's."""


@dataclass(frozen=True, slots=True)
class Frame:
    """``fragments`` of one frame; of a native one (little endian) a single run of bytes."""

    fragments: tuple[bytes, ...]
    transfer_syntax_uid: str
    layout: Layout


@dataclass(frozen=True, slots=True)
class DecodeFrame:
    """→ the frame's samples, native little endian, colours by pixel, RGB where they were YBR."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class RenderFrame:
    """→ a JPEG or PNG. ``attributes``: DICOM JSON of group 0028, as it applies to this frame."""

    frame: Frame
    attributes: dict[str, Any]
    view: View


@dataclass(frozen=True, slots=True)
class RewriteFile:
    """A Part 10 file of any transfer syntax → the same instance in Explicit VR Little Endian, or ``as_it_is``.

    ``coercion``: what an order says in place of the file; ``assumed_charset`` of one that declares none.
    """

    data: bytes
    coercion: dict[str, Any] | None = None
    assumed_charset: str | None = None
    as_it_is: bool = False


@dataclass(frozen=True, slots=True)
class ReadValue:
    """A Part 10 file, deflated too → one value's bytes. ``path`` as in the metadata: ``54000100/0/54001010``."""

    data: bytes
    path: str


def work(job: object) -> bytes:
    """Raises Undecodable, and nothing else that the caller should expect."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _done(job)
        except _FAULTS:
            raise Undecodable(type(job).__name__) from None


def _done(job: object) -> bytes:
    if isinstance(job, DecodeFrame):
        return _samples(job.frame).tobytes()
    if isinstance(job, RenderFrame):
        return painted(_samples(job.frame), Dataset.from_json(job.attributes), job.view)
    if isinstance(job, RewriteFile):
        return _rewritten(job)
    if isinstance(job, ReadValue):
        return _value(job.data, job.path.split("/"))
    raise TypeError(type(job).__name__)


def _samples(frame: Frame) -> npt.NDArray[Any]:
    """(rows, columns) or (rows, columns, samples)."""
    layout, syntax = frame.layout, UID(frame.transfer_syntax_uid)
    is_native = not syntax.is_compressed or syntax.is_deflated
    options: dict[str, Any] = {
        "number_of_frames": 1,
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples_per_pixel,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": layout.pixel_representation,
        "planar_configuration": layout.planar_configuration,
        "photometric_interpretation": layout.photometric,
        "pixel_keyword": "PixelData",
    }
    joined = b"".join(frame.fragments)
    source = joined if is_native else encapsulate([joined], has_bot=False)
    decoder = get_decoder(ExplicitVRLittleEndian if is_native else syntax)
    array, _ = decoder.as_array(source, raw=False, **options)
    if not is_native:
        array = _within_bits(array, layout.bits_stored, layout.pixel_representation)
    return np.ascontiguousarray(array)


def _within_bits(array: npt.NDArray[Any], bits: int, is_signed: int) -> npt.NDArray[Any]:
    """Lossy codecs overshoot: 4170 of 12 bits would be taken for 74 by whoever masks what is not stored."""
    if bits >= array.dtype.itemsize * 8:
        return array
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    return np.asarray(np.clip(array, low, high))


def _clip(data_set: Dataset) -> None:
    kind = "i" if data_set.PixelRepresentation else "u"
    array = np.frombuffer(data_set.PixelData, f"<{kind}{data_set.BitsAllocated // 8}")
    data_set.PixelData = _within_bits(array, data_set.BitsStored, data_set.PixelRepresentation).tobytes()


def _rewritten(job: RewriteFile) -> bytes:
    data_set = dcmread(io.BytesIO(job.data))
    if job.coercion is not None:
        coerce_data_set(data_set, job.coercion, job.assumed_charset)
    target = io.BytesIO()
    if job.as_it_is:
        dcmwrite(target, data_set)
    else:
        _write_explicit(target, data_set)
    return target.getvalue()


def _write_explicit(target: io.BytesIO, data_set: FileDataset) -> None:
    syntax = data_set.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated:
        data_set.decompress(generate_instance_uid=False)
        _clip(data_set)
    elif syntax == ExplicitVRBigEndian:
        _swap_words(data_set)
    meta = data_set.file_meta
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data_set.SOPClassUID, data_set.SOPInstanceUID
    validate_file_meta(meta, enforce_standard=True)
    # pydicom asks for force_encoding where the byte order changes, since it leaves words as they are: ours are swapped.
    dcmwrite(target, data_set, implicit_vr=False, little_endian=True, force_encoding=True)


def _value(data: bytes, path: list[str]) -> bytes:
    place: Dataset = dcmread(io.BytesIO(data))
    for tag, item in zip(path[:-1:2], path[1::2], strict=True):
        place = place[int(tag, 16)].value[int(item)]
    return bytes(place.get_item(int(path[-1], 16)).value)


def _swap_words(data_set: Dataset) -> None:
    for element in data_set.iterall():
        if element.VR in _WORDS and isinstance(element.value, bytes):
            element.value = swapped(element.value, _WORDS[element.VR])
