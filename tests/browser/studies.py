"""Studies whose pictures can be told apart by eye and by program: a bright ball in a dark cube, cut into slices."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

SIDE = 128
AIR, WATER, BONE = -1000, 0, 1000  # Hounsfield units


def ct_series(
    patient_id: str, name: str, *, slices: int = 8, study_uid: str | None = None, syntax: UID = ExplicitVRLittleEndian
) -> list[bytes]:
    """``slices`` files of SIDE × SIDE; the ball is widest in the middle slice. Compressed where ``syntax`` says so."""
    study, series, frame = study_uid or generate_uid(), generate_uid(), generate_uid()
    files = []
    for number in range(1, slices + 1):
        image = _image(patient_id, name, number, slices)
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, series, frame
        if syntax.is_compressed:
            image.compress(syntax, generate_instance_uid=False)
        file = BytesIO()
        image.save_as(file, enforce_file_format=True)
        files.append(file.getvalue())
    return files


def ball(number: int, slices: int) -> NDArray[np.int16]:
    """One slice in Hounsfield units, with a water-filled ring of teeth so that every slice differs from the next."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    z = (number - (slices + 1) / 2) * SIDE / slices / 1.3
    radius = np.sqrt(x * x + y * y + z * z)
    picture = np.full((SIDE, SIDE), AIR, np.int16)
    picture[np.hypot(x, y) < SIDE * 0.46] = WATER
    picture[radius < SIDE * 0.4] = BONE
    return picture


def _image(patient_id: str, name: str, number: int, slices: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    image.SpecificCharacterSet = "GB18030"
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.PatientName, image.PatientID, image.PatientSex, image.PatientBirthDate = name, patient_id, "F", "19600131"
    image.StudyDate = image.SeriesDate = image.ContentDate = "20261121"
    image.StudyTime = image.SeriesTime = image.ContentTime = "102000"
    image.StudyDescription, image.SeriesDescription = "胸部平扫", "肺窗"
    image.Modality, image.Manufacturer = "CT", "Synthetic"
    image.SeriesNumber, image.InstanceNumber = 1, number
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.ImagePositionPatient, image.ImageOrientationPatient = [0, 0, number * 2.5], [1, 0, 0, 0, 1, 0]
    image.PixelSpacing, image.SliceThickness = [1, 1], 2.5
    image.Rows = image.Columns = SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 1
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = 0, 1, "HU"
    image.WindowCenter, image.WindowWidth = 0, 2200
    image.PixelData = ball(number, slices).tobytes()
    image["PixelData"].VR = "OW"
    return image
