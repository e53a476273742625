"""One DICOM file as the intake needs it. The pixels are never read, only measured and hashed."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, BinaryIO

from services.imaging.parse.completeness import check_whole, read_picture
from services.imaging.parse.digest import digest
from services.imaging.parse.encoding import EXPLICIT_LITTLE, IMPLICIT_LITTLE, encoding_of, is_deflated
from services.imaging.parse.file_meta import DICOMDIR_CLASS, FileMeta, read_file_meta
from services.imaging.parse.header import Header, read_header, recognised_encoding
from services.imaging.parse.identity import check_uid, read_identity
from services.imaging.parse.inflate import inflated
from services.imaging.parse.json_model import BulkValue, JsonModel
from services.imaging.parse.moments import moment, parse_date, parse_time, parse_zone
from services.imaging.parse.patient import PatientFacts, read_patient
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.remark import Remark
from services.imaging.parse.values import Values
from services.imaging.parse.window import Window


@dataclass(frozen=True, slots=True)
class PixelPlace:
    """Where the pixel data lies in the file, in bytes. ``fragments``: (offset, length) of each item of encapsulated
    pixel data, the basic offset table first; None for native. A deflated file has no place that can be read."""

    offset: int
    length: int
    fragments: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class Instance:
    sop_instance_uid: str
    sop_class_uid: str
    study_uid: str
    series_uid: str
    transfer_syntax_uid: str
    modality: str
    patient: PatientFacts
    accession_number: str
    study_date: date | None
    study_time: time | None
    study_at: datetime | None
    study_id: str
    study_description: str
    series_number: int | None
    series_description: str
    instance_number: int | None
    body_part: str
    laterality: str
    rows: int | None
    columns: int | None
    number_of_frames: int
    samples_per_pixel: int
    bits_allocated: int | None
    photometric: str
    institution: str
    station: str
    manufacturer: str
    model: str
    referring_physician: str
    character_set: tuple[str, ...]
    """As declared."""
    charset_assumed: str | None
    """The defined term that was used instead, if one was."""
    size_bytes: int
    data_set_offset: int
    file_sha256: str
    data_set_sha256: str
    pixels: PixelPlace | None
    remarks: tuple[Remark, ...]
    metadata: dict[str, Any] = field(repr=False)
    """DICOM JSON (PS3.18 F.2) without pixel data and long values."""
    bulk: tuple[BulkValue, ...] = field(repr=False)


def read_instance(file: BinaryIO, size_bytes: int, *, default_charset: str | None) -> Instance:
    """Reads a Part 10 file of any transfer syntax from a seekable file.

    ``default_charset``: a defined term of (0008,0005), such as ``GB18030``, for text that is not declared.
    Raises Refused, and nothing else, whatever the bytes are. Runs without the event loop: call it in a thread.
    """
    if size_bytes == 0:
        raise Refused(FailureCode.EMPTY_FILE)
    window = Window(file, size_bytes)
    meta = read_file_meta(window)
    if meta.sop_class_uid == DICOMDIR_CLASS:
        raise Refused(FailureCode.NOT_AN_INSTANCE)
    if not is_deflated(meta.transfer_syntax_uid):
        return _read(file, window, meta.data_set_offset, meta, size_bytes, default_charset)
    with inflated(file, meta.data_set_offset, size_bytes) as expanded:
        return _read(file, expanded, 0, meta, size_bytes, default_charset)


def _read(
    file: BinaryIO, window: Window, start: int, meta: FileMeta, size_bytes: int, default_charset: str | None
) -> Instance:
    remarks: set[Remark] = set()
    encoding = recognised_encoding(window, start, encoding_of(meta.transfer_syntax_uid), remarks)
    header = read_header(window, start, encoding, remarks)
    values = Values.of_root(window, header.data_set, default_charset, remarks)
    uids = read_identity(values, remarks)
    transfer_syntax_uid = meta.transfer_syntax_uid or _assumed_syntax(header, encoding.implicit, remarks)
    check_uid(transfer_syntax_uid, remarks)
    picture = read_picture(values)
    check_whole(header, picture, uids.sop_class, transfer_syntax_uid)
    if meta.sop_instance_uid and meta.sop_instance_uid != uids.sop_instance:
        remarks.add(Remark.META_DIFFERS)
    model = JsonModel(values, remarks)
    metadata = model.build()
    digests = digest(file, meta.data_set_offset, size_bytes)
    day, clock = parse_date(values.text(0x00080020)), parse_time(values.text(0x00080030))
    return Instance(
        sop_instance_uid=uids.sop_instance,
        sop_class_uid=uids.sop_class,
        study_uid=uids.study,
        series_uid=uids.series,
        transfer_syntax_uid=transfer_syntax_uid,
        modality=values.text(0x00080060),
        patient=read_patient(values),
        accession_number=values.text(0x00080050),
        study_date=day,
        study_time=clock,
        study_at=moment(day, clock, parse_zone(values.text(0x00080201))),
        study_id=values.text(0x00200010),
        study_description=values.text(0x00081030),
        series_number=values.integer(0x00200011),
        series_description=values.text(0x0008103E),
        instance_number=values.integer(0x00200013),
        body_part=values.text(0x00180015),
        laterality=(values.text(0x00200062) or values.text(0x00200060)).upper()[:1],
        rows=picture.rows,
        columns=picture.columns,
        number_of_frames=picture.number_of_frames,
        samples_per_pixel=picture.samples_per_pixel,
        bits_allocated=picture.bits_allocated,
        photometric=picture.photometric,
        institution=values.text(0x00080080),
        station=values.text(0x00081010),
        manufacturer=values.text(0x00080070),
        model=values.text(0x00081090),
        referring_physician=values.name(0x00080090).display,
        character_set=values.decoder.declared,
        charset_assumed=values.decoder.assumed,
        size_bytes=size_bytes,
        data_set_offset=meta.data_set_offset,
        file_sha256=digests.file,
        data_set_sha256=digests.data_set,
        pixels=_place(header, meta.transfer_syntax_uid),
        remarks=tuple(sorted(remarks)),
        metadata=metadata,
        bulk=tuple(model.bulk),
    )


def _assumed_syntax(header: Header, implicit: bool, remarks: set[Remark]) -> str:
    if header.pixels is not None and header.pixels.fragments is not None:
        raise Refused(FailureCode.BAD_HEADER, "未声明压缩像素数据的传输语法")
    remarks.add(Remark.TRANSFER_SYNTAX_ASSUMED)
    return IMPLICIT_LITTLE if implicit else EXPLICIT_LITTLE


def _place(header: Header, transfer_syntax_uid: str) -> PixelPlace | None:
    if header.pixels is None or is_deflated(transfer_syntax_uid):
        return None
    return PixelPlace(header.pixels.offset, header.pixels.length, header.pixels.fragments)
