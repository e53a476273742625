"""Rows as DICOM JSON (PS3.18 F.2): what a search answers with, and whose number a patient's number is."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

from services.imaging.dicomweb.attributes import ADDED, SERIES, STUDY, tag_of, vr_of
from services.imaging.dicomweb.links import Links
from services.imaging.dicomweb.original_attributes import coerce_model
from services.imaging.dicomweb.search.conditions import Query
from services.imaging.parse.person_name import parse_person_name
from services.imaging.queries.search import Inside, InstanceRow, SeriesRow, StudyRow

Model = dict[str, Any]
_PATIENT_ID, _OTHER_IDS, _ISSUER = "00100020", "00101002", "00100021"
_NEVER_FROM_HEADER = frozenset({"00080005", _PATIENT_ID, _OTHER_IDS})


def shown_patient_id(clinic_id: str, local_id: str) -> str:
    """The same number of two clinics is two people."""
    return f"{clinic_id}:{local_id}" if local_id else ""


def put_patient_id(model: Model, clinic_id: str) -> None:
    """In place; the clinic's own number moves to Other Patient IDs Sequence (PS3.3 C.2.2), as it was sent."""
    local_id = _first(model.get(_PATIENT_ID))
    model[_PATIENT_ID] = element("LO", shown_patient_id(clinic_id, local_id))
    if local_id:
        own = {_PATIENT_ID: element("LO", local_id), _ISSUER: element("LO", clinic_id)}
        others = (model.get(_OTHER_IDS) or {}).get("Value") or []
        model[_OTHER_IDS] = {"vr": "SQ", "Value": [*others, own]}


def study_model(row: StudyRow, inside: Inside | None, links: Links) -> Model:
    """``inside`` is None at the levels below, which say what the study is but not what it holds."""
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "StudyDate": row.study_date,
        "StudyTime": row.study_time,
        "AccessionNumber": row.accession_number,
        "InstanceAvailability": "ONLINE",
        "ReferringPhysicianName": row.referring_physician,
        "StudyDescription": row.description,
        "RetrieveURL": links.study(row.study_uid),
        "PatientName": row.patient_name,
        "PatientID": row.patient_id,
        "PatientBirthDate": row.patient_birth_date,
        "PatientSex": row.patient_sex,
        "StudyInstanceUID": row.study_uid,
        "StudyID": row.study_id,
    }
    if inside is not None:
        values["ModalitiesInStudy"] = inside.modalities
        values["NumberOfStudyRelatedSeries"] = inside.series
        values["NumberOfStudyRelatedInstances"] = inside.instances
    model = _model(values)
    put_patient_id(model, row.clinic_id)
    return model


def series_model(study: StudyRow, row: SeriesRow, links: Links) -> Model:
    return study_model(study, None, links) | _model(
        {
            "Modality": row.modality,
            "SeriesDescription": row.description,
            "BodyPartExamined": row.body_part,
            "Laterality": row.laterality,
            "StationName": row.station,
            "RetrieveURL": links.series(study.study_uid, row.series_uid),
            "SeriesInstanceUID": row.series_uid,
            "SeriesNumber": row.number,
            "NumberOfSeriesRelatedInstances": row.instances,
        }
    )


def instance_model(study: StudyRow, series: SeriesRow, row: InstanceRow, links: Links) -> Model:
    below = _model(
        {
            "SOPClassUID": row.sop_class_uid,
            "SOPInstanceUID": row.sop_instance_uid,
            "RetrieveURL": links.instance(study.study_uid, series.series_uid, row.sop_instance_uid),
            "InstanceNumber": row.number,
            "Rows": row.rows,
            "Columns": row.columns,
            "NumberOfFrames": row.number_of_frames,
            "AvailableTransferSyntaxUID": row.transfer_syntax_uid,
        }
    )
    model = series_model(study, series, links) | below
    del model[_tag("NumberOfSeriesRelatedInstances")]
    if row.coercion is not None:  # its own order's: the study may have had another since
        model |= row.coercion["attributes"]
        if _PATIENT_ID in row.coercion["attributes"]:
            model.pop(_OTHER_IDS, None)
            put_patient_id(model, study.clinic_id)
    return model


def add_fields(
    model: Model, level: str, header: str | None, query: Query, coercion: dict[str, Any] | None = None
) -> Model:
    """With what ``includefield`` asked for, of the header of the (first) instance; tags in order."""
    if header is not None:
        source: Model = json.loads(header)
        if coercion is not None:
            coerce_model(source, coercion)
        allowed = ADDED.get(level, frozenset(source))
        wanted = allowed if query.adds_all else allowed & query.added
        for tag in wanted - model.keys() - _NEVER_FROM_HEADER:
            if tag in source:
                model[tag] = source[tag]
    return dict(sorted(model.items()))


def needs_header(level: str, query: Query) -> bool:
    return query.adds_all or bool(query.added & ADDED[level] if level in (STUDY, SERIES) else query.added)


def element(vr: str, *values: object) -> Model:
    content = [value for value in values if value not in (None, "")]
    return {"vr": vr, "Value": content} if content else {"vr": vr}


def _model(values: Mapping[str, object]) -> Model:
    return {tag: _element(tag, value) for keyword, value in values.items() for tag in [_tag(keyword)]}


def _element(tag: str, value: object) -> Model:
    vr = vr_of(tag)
    if vr == "PN":
        name = parse_person_name(str(value)).to_json()
        return {"vr": vr, "Value": [name]} if name else {"vr": vr}
    if isinstance(value, list):
        return element(vr, *value)
    if isinstance(value, time):
        return element(vr, value.strftime("%H%M%S") + (f".{value.microsecond:06d}" if value.microsecond else ""))
    if isinstance(value, date):
        return element(vr, value.strftime("%Y%m%d"))
    return element(vr, value)


def _tag(keyword: str) -> str:
    tag = tag_of(keyword)
    assert tag is not None, keyword
    return tag


def _first(found: Model | None) -> str:
    values: Iterable[object] = (found or {}).get("Value") or []
    return str(next(iter(values), "") or "")
