"""Synthetic DICOM files of plainly synthetic patients, written by pydicom: small, whole, and different at will."""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

DX = UID("1.2.840.10008.5.1.4.1.1.1.1")
_ROOT = "1.2.826.0.1.3680043.10.1."


def uid(name: str) -> UID:
    """The same name gives the same UID."""
    return generate_uid(prefix=_ROOT, entropy_srcs=[name])


def dicom(
    instance: str = "i1",
    *,
    study: str = "s1",
    series: str = "r1",
    name: str = "测试^甲",
    patient_id: str = "P001",
    sex: str = "M",
    birth_date: str = "19600131",
    charset: str | None = "ISO_IR 192",
    pixel: int = 0,
    rows: int = 16,
    columns: int = 16,
    implementation: str = "GONGZHEN_TEST",
) -> bytes:
    """A DX image; ``implementation`` is in group 0002 and so no part of the data set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DX
    meta.MediaStorageSOPInstanceUID = uid(instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = implementation
    data = Dataset()
    if charset is not None:
        data.SpecificCharacterSet = charset
    data.SOPClassUID = DX
    data.SOPInstanceUID = uid(instance)
    data.StudyInstanceUID = uid(study)
    data.SeriesInstanceUID = uid(series)
    data.StudyDate, data.StudyTime = "20261121", "102000"
    data.Modality = "DX"
    data.StudyDescription = "CHEST PA"
    data.PatientName, data.PatientID = name, patient_id
    data.PatientBirthDate, data.PatientSex = birth_date, sex
    data.SeriesNumber, data.InstanceNumber = 1, 1
    data.Rows, data.Columns = rows, columns
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = struct.pack("<H", pixel) * (rows * columns)
    target = io.BytesIO()
    FileDataset(target, data, file_meta=meta, preamble=b"\0" * 128).save_as(target, enforce_file_format=True)
    return target.getvalue()


def gbk_dicom(name: str = "测试^甲", **options: Any) -> bytes:
    """Chinese bytes in GBK under no declared character set, as older machines write them."""
    placeholder = "X" * len(name.encode("gb18030"))
    plain = dicom(name=placeholder, charset=None, **options)
    return plain.replace(placeholder.encode(), name.encode("gb18030"))


def archive(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return target.getvalue()
