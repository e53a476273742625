"""Synthetic DICOM files, written by pydicom (so the parser is not tested against itself), and CDs of them.

Names are plainly invented: 测试^甲 and the like. Pixels are a gradient, so that a viewer shows something.
"""

import io
import itertools
import zipfile
from array import array

from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

ROOT_UID = "1.2.826.0.1.3680043.10.1606"
_numbers = itertools.count(1)


def new_uid() -> str:
    """Unique within the process, and the same in every run."""
    return f"{ROOT_UID}.{next(_numbers)}"


def base_data_set(
    *,
    name: str = "Ce^Shi Jia=测试^甲",
    patient_id: str = "T0001",
    charset: str | list[str] | None = "GB18030",
    study_uid: str | None = None,
    series_uid: str | None = None,
    modality: str = "DX",
    accession_number: str = "ACC0001",
) -> Dataset:
    """Patient, study, series and general equipment of an image; no pixels yet."""
    data_set = Dataset()
    if charset is not None:
        data_set.SpecificCharacterSet = charset
    data_set.SOPInstanceUID = new_uid()
    data_set.StudyInstanceUID = study_uid or new_uid()
    data_set.SeriesInstanceUID = series_uid or new_uid()
    data_set.StudyDate, data_set.StudyTime = "20261121", "102000.5"
    data_set.AccessionNumber = accession_number
    data_set.Modality = modality
    data_set.Manufacturer = "Synthetic"
    data_set.InstitutionName = "测试卫生院" if charset in ("GB18030", "GBK", "ISO_IR 192") else "TEST CLINIC"
    data_set.StationName = "DR1"
    data_set.PatientName = name
    data_set.PatientID = patient_id
    data_set.PatientBirthDate = "19600131"
    data_set.PatientSex = "M"
    data_set.PatientAge = "066Y"
    data_set.StudyID = "1"
    data_set.SeriesNumber = 1
    data_set.InstanceNumber = 1
    return data_set


def add_pixels(data_set: Dataset, rows: int, columns: int, *, bits: int = 16, frames: int = 1) -> Dataset:
    """A native gradient, moved by one column in each row and frame."""
    stored = 12 if bits == 16 else 8
    data_set.SamplesPerPixel = 1
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.Rows, data_set.Columns = rows, columns
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = bits, stored, stored - 1
    data_set.PixelRepresentation = 0
    if frames > 1:
        data_set.NumberOfFrames = frames
    data_set["PixelData"] = _pixel_element(_gradient(rows, columns, bits, frames), bits)
    return data_set


def to_bytes(data_set: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A Part 10 file."""
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = transfer_syntax
    data_set.file_meta.MediaStorageSOPClassUID = data_set.get("SOPClassUID", CTImageStorage)
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.get("SOPInstanceUID") or new_uid()
    buffer = io.BytesIO()
    dcmwrite(buffer, data_set, enforce_file_format=True)
    return buffer.getvalue()


def dx(*, rows: int = 2500, columns: int = 2000, **who: object) -> bytes:
    """A chest film of a township clinic: 10 MB, Chinese name in GB18030."""
    data_set = add_pixels(base_data_set(modality="DX", **who), rows, columns)  # type: ignore[arg-type]
    data_set.SOPClassUID = DigitalXRayImageStorageForPresentation
    data_set.BodyPartExamined, data_set.ViewPosition, data_set.ImageLaterality = "CHEST", "PA", "U"
    return to_bytes(data_set)


def ct(*, rows: int = 512, columns: int = 512, transfer_syntax: str = ExplicitVRLittleEndian, **who: object) -> bytes:
    data_set = add_pixels(base_data_set(modality="CT", **who), rows, columns)  # type: ignore[arg-type]
    data_set.SOPClassUID = CTImageStorage
    data_set.SeriesDescription = "CHEST 5mm"
    return to_bytes(data_set, transfer_syntax)


def ct_series(count: int, *, rows: int = 64, columns: int = 64, **who: object) -> list[bytes]:
    """Slices of one series, numbered from 1."""
    study_uid, series_uid = new_uid(), new_uid()
    files = []
    for number in range(1, count + 1):
        data_set = base_data_set(modality="CT", study_uid=study_uid, series_uid=series_uid, **who)  # type: ignore[arg-type]
        add_pixels(data_set, rows, columns)
        data_set.SOPClassUID = CTImageStorage
        data_set.InstanceNumber = number
        files.append(to_bytes(data_set))
    return files


def deflated_ct(**who: object) -> bytes:
    return ct(rows=64, columns=64, transfer_syntax=DeflatedExplicitVRLittleEndian, **who)


def multi_frame(*, frames: int = 8, rows: int = 64, columns: int = 64, **who: object) -> bytes:
    """A native ultrasound cine."""
    data_set = add_pixels(base_data_set(modality="US", **who), rows, columns, bits=8, frames=frames)  # type: ignore[arg-type]
    data_set.SOPClassUID = UltrasoundMultiFrameImageStorage
    return to_bytes(data_set)


def compressed(*, frames: int = 3, rows: int = 32, columns: int = 32, **who: object) -> bytes:
    """RLE Lossless, one fragment a frame behind a basic offset table; it can be decoded."""
    data_set = add_pixels(base_data_set(modality="US", **who), rows, columns, bits=8, frames=frames)  # type: ignore[arg-type]
    data_set.SOPClassUID = UltrasoundMultiFrameImageStorage
    size = rows * columns
    native = bytes(data_set.PixelData)
    packed = [_rle(native[n * size : (n + 1) * size]) for n in range(frames)]
    data_set.PixelData = encapsulate(packed)
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True
    return to_bytes(data_set, RLELossless)


def encapsulated_pdf(pdf: bytes = b"%PDF-1.4 synthetic" + b" " * 5000, **who: object) -> bytes:
    data_set = base_data_set(modality="DOC", **who)  # type: ignore[arg-type]
    data_set.SOPClassUID = EncapsulatedPDFStorage
    data_set.MIMETypeOfEncapsulatedDocument = "application/pdf"
    data_set.EncapsulatedDocument = pdf
    return to_bytes(data_set)


def without(file: bytes, keyword: str) -> bytes:
    """The same file with one attribute taken out of the data set."""
    data_set = dcmread(io.BytesIO(file))
    del data_set[keyword]
    return to_bytes(data_set, data_set.file_meta.TransferSyntaxUID)


PLACEHOLDER = b"PLACEHOLDER^NAME^PLACEHOLDER^NAME"


def with_raw_name(file: bytes, name: bytes) -> bytes:
    """``file`` was made with ``name=PLACEHOLDER.decode()``; these bytes take its place, as a device writes them that
    declares another character set than it uses, or none."""
    assert PLACEHOLDER in file and len(name) <= len(PLACEHOLDER)
    return file.replace(PLACEHOLDER, name.ljust(len(PLACEHOLDER)))


def zip_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 10, 20, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def dicomdir(images: dict[str, bytes], transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A flat DICOMDIR: one IMAGE record for each path. Record offsets are left 0, nobody here follows them."""
    directory = Dataset()
    directory.FileSetID = "TEST"
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.FileSetConsistencyFlag = 0
    directory.DirectoryRecordSequence = [_record(path, image) for path, image in images.items()]
    directory.file_meta = FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = transfer_syntax
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = new_uid()
    buffer = io.BytesIO()
    dcmwrite(buffer, directory, enforce_file_format=True)
    return buffer.getvalue()


def patient_cd(images: list[bytes]) -> dict[str, bytes]:
    """A patient CD by path: DICOMDIR, the images it lists, a viewer, autorun.exe, autorun.inf."""
    by_path = {f"DICOM/S0001/IM{number:04d}": image for number, image in enumerate(images, 1)}
    return {
        "DICOMDIR": dicomdir(by_path),
        **by_path,
        "autorun.exe": b"MZ" + bytes(4000),
        "autorun.inf": b"[autorun]\r\nopen=autorun.exe\r\n",
        "VIEWER/viewer.dll": b"MZ" + bytes(range(256)) * 64,
        "VIEWER/readme.txt": "浏览器说明".encode("gb18030"),
        "VIEWER/empty.log": b"",
    }


def _record(path: str, image: bytes) -> Dataset:
    data_set = dcmread(io.BytesIO(image), stop_before_pixels=True)
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 0xFFFF
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = "IMAGE"
    record.ReferencedFileID = path.split("/")
    record.ReferencedSOPClassUIDInFile = data_set.SOPClassUID
    record.ReferencedSOPInstanceUIDInFile = data_set.SOPInstanceUID
    record.ReferencedTransferSyntaxUIDInFile = data_set.file_meta.TransferSyntaxUID
    return record


def _pixel_element(pixels: bytes, bits: int) -> DataElement:
    return DataElement(0x7FE00010, "OW" if bits == 16 else "OB", pixels)


def _gradient(rows: int, columns: int, bits: int, frames: int) -> bytes:
    top = 4095 if bits == 16 else 255
    ramp = array("H" if bits == 16 else "B", (x * top // max(columns - 1, 1) for x in range(columns)))
    twice = (ramp + ramp).tobytes()
    step = ramp.itemsize
    width = columns * step
    lines = [twice[(n % columns) * step : (n % columns) * step + width] for n in range(rows + frames)]
    return b"".join(b"".join(lines[frame : frame + rows]) for frame in range(frames))


def _rle(frame: bytes) -> bytes:
    """One segment of literal runs (PS3.5 Annex G): larger than the frame, and correct."""
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
    runs = [frame[n : n + 128] for n in range(0, len(frame), 128)]
    packed = header + b"".join(bytes([len(run) - 1]) + run for run in runs)
    return packed + b"\0" * (len(packed) % 2)
