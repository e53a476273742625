"""Small DICOM images made by code, for tests that speak to the region from outside."""

from io import BytesIO

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid


def small_film(
    patient_id: str = "T-1",
    name: str = "测试甲",
    *,
    sop_uid: str | None = None,
    study_uid: str | None = None,
    shade: int = 0,
    side: int = 64,
    **attributes: object,
) -> bytes:
    """A CR of ``side`` × ``side`` pixels of 16 bit in the grey ``shade``, its name in GB18030."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = sop_uid or generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    film.SpecificCharacterSet = "GB18030"
    film.SOPClassUID = meta.MediaStorageSOPClassUID
    film.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID = study_uid or generate_uid()
    film.SeriesInstanceUID = generate_uid()
    film.Modality = "CR"
    film.PatientID = patient_id
    film.PatientName = f"={name}"
    film.PatientSex = "M"
    film.SeriesNumber = film.InstanceNumber = 1
    film.Rows = film.Columns = side
    film.SamplesPerPixel = 1
    film.PhotometricInterpretation = "MONOCHROME2"
    film.BitsAllocated = film.BitsStored = 16
    film.HighBit = 15
    film.PixelRepresentation = 0
    film.PixelData = shade.to_bytes(2, "little") * (side * side)
    film["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        setattr(film, keyword, value)
    file = BytesIO()
    film.save_as(file, enforce_file_format=True)
    return file.getvalue()


def order(patient_id: str = "T-1", name: str = "测试甲", **more: object) -> dict[str, object]:
    return {
        "priority": "routine",
        "exam": {"code": "DX-CHEST-PA", "name": "胸部正位"},
        "patient": {"id": patient_id, "name": name, "sex": "M", "birth_date": "1960-01-31"},
        "clinical_info": "咳嗽三天",
        **more,
    }


FORM = {
    "technique": "DX 正位",
    "findings": "双肺纹理清晰，未见明确实变影。",
    "impression": "心肺膈未见明显异常。",
    "positive": False,
}
