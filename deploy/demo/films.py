"""What the demo's clinics send: a chest film made by code, and real images that pydicom ships for its own tests."""

from array import array
from datetime import datetime
from io import BytesIO
from pathlib import Path

from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from shared.clock import to_shanghai

ROWS, COLUMNS = 2500, 2000
_STEP = 10  # the picture is computed on a grid and each value fills a square of this side


def chest_film(patient_id: str, name: str, performed_at: datetime) -> bytes:
    """A DX of 2,500 by 2,000 pixels, 16 bit, about 10 MB; the name is written in GB18030, as Chinese machines do."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    film.SpecificCharacterSet = "GB18030"
    film.SOPClassUID = meta.MediaStorageSOPClassUID
    film.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID = generate_uid()
    film.SeriesInstanceUID = generate_uid()
    film.Modality = "DX"
    film.PatientID = patient_id
    film.PatientName = f"={name}"
    film.PatientSex = "M"
    film.PatientBirthDate = "19600131"
    local = to_shanghai(performed_at)
    film.StudyDate = film.ContentDate = local.strftime("%Y%m%d")
    film.StudyTime = film.ContentTime = local.strftime("%H%M%S")
    film.StudyDescription = "胸部正位"
    film.BodyPartExamined = "CHEST"
    film.ViewPosition = "PA"
    film.SeriesNumber = film.InstanceNumber = 1
    film.InstitutionName = "演示镇卫生院"
    film.Manufacturer = "GONGZHEN DEMO"
    film.PresentationIntentType = "FOR PRESENTATION"
    film.ImageLaterality = "U"
    film.PatientOrientation = ["L", "F"]
    film.Rows, film.Columns = ROWS, COLUMNS
    film.SamplesPerPixel = 1
    film.PhotometricInterpretation = "MONOCHROME2"
    film.BitsAllocated = film.BitsStored = 16
    film.HighBit = 15
    film.PixelRepresentation = 0
    film.WindowCenter, film.WindowWidth = 32768, 65535
    film.PixelData = _picture()
    film["PixelData"].VR = "OW"
    file = BytesIO()
    film.save_as(file, enforce_file_format=True)
    return file.getvalue()


def packaged_image(name: str) -> bytes:
    """A real image of pydicom's package, such as ``CT_small.dcm``."""
    path = get_testdata_file(name, download=False)
    if path is None:
        raise FileNotFoundError(name)
    return Path(str(path)).read_bytes()


def _picture() -> bytes:
    """Two dark lungs, a heart, ribs and a spine: enough for an eye to know which way is up."""
    rows = bytearray()
    for y in range(0, ROWS, _STEP):
        line = array("H")
        for x in range(0, COLUMNS, _STEP):
            line.extend([_shade(x / COLUMNS, y / ROWS)] * _STEP)
        rows += line.tobytes() * _STEP
    return bytes(rows)


def _shade(x: float, y: float) -> int:
    value = 0.62
    for center in (0.31, 0.69):
        inside = 1 - ((x - center) / 0.16) ** 2 - ((y - 0.47) / 0.33) ** 2
        if inside > 0:
            value -= 0.42 * min(1.0, inside * 1.6)
            if (y * 14 + abs(x - 0.5) * 3) % 1 < 0.28:
                value += 0.07  # a rib
    if ((x - 0.56) / 0.13) ** 2 + ((y - 0.62) / 0.14) ** 2 < 1:
        value = max(value, 0.66)  # the heart
    if abs(x - 0.5) < 0.035:
        value += 0.1  # the spine
    if abs(x - 0.5) > 0.47 or y < 0.04:
        value = 0.04  # beside the body
    return round(max(0.0, min(1.0, value)) * 65535)
