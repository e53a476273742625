"""What a viewer waits for: metadata, frames and lists, through the front door and past it."""

import asyncio
import json
import time
from collections.abc import Callable

import asyncpg
import httpx

from bench.figures import Figure, spread
from deploy.demo.client import Person
from tests.support.dicom_files import add_pixels, base_data_set, new_uid, to_bytes
from tests.support.films import order
from tests.support.region import RunningRegion

_SLICES = 300
_STUDIES = 5000
_PIXELS = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
_CT = "1.2.840.10008.5.1.4.1.1.2"

_COPIES = """
WITH source AS (SELECT * FROM imaging.study WHERE study_uid = $1),
studies AS (
    INSERT INTO imaging.study (clinic_id, study_uid, patient_id, patient_name, patient_sex, patient_birth_date,
        study_date, study_time, study_id, accession_number, description, referring_physician,
        name_key, name_sounds, name_terms)
    SELECT clinic_id, study_uid || '.' || n, 'B' || n, patient_name, patient_sex, patient_birth_date,
        study_date - (n % 1000), study_time, study_id, 'BD' || n, description, referring_physician,
        name_key, name_sounds, name_terms
    FROM source, generate_series(1, $2::int) AS n
    RETURNING id, clinic_id, study_uid
), series AS (
    INSERT INTO imaging.series (study_pk, series_uid, modality, number, description, body_part, laterality, station)
    SELECT id, study_uid || '.1', 'CT', 1, '', '', '', '' FROM studies
    RETURNING id, study_pk
), model AS (
    SELECT i.* FROM imaging.instance i JOIN imaging.series r ON r.id = i.series_pk JOIN source s ON s.id = r.study_pk
    LIMIT 1
)
INSERT INTO imaging.instance (instance_id, series_pk, clinic_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
    number, rows, columns, number_of_frames, size_bytes, file_sha256, data_set_sha256, data_set_offset, remarks,
    header, bulk, pixels, blob_store, blob_key, blob_offset, blob_length, blob_sha256)
SELECT 'ins_bench_' || series.id, series.id, clinic_id, sop_instance_uid || '.' || series.id, sop_class_uid,
    transfer_syntax_uid, number, rows, columns, number_of_frames, size_bytes, file_sha256, data_set_sha256,
    data_set_offset, remarks, header, bulk, pixels, blob_store, blob_key, blob_offset, blob_length, blob_sha256
FROM series, model
"""
_CASES = """
INSERT INTO reading.case ({columns})
SELECT {values} FROM reading.case AS c, generate_series(1, $2::int) AS n WHERE c.case_id = $1
"""


def viewer(region: RunningRegion) -> list[Figure]:
    """A CT of 300 slices: its metadata, one frame, all frames one after another."""
    clinic = region.person("clinic1")
    study_uid, series_uid, instances = _send_study(clinic)
    series = f"/dicomweb/studies/{study_uid}/series/{series_uid}"
    figures = []
    for name, base in (("front door", region.url), ("direct", f"http://127.0.0.1:{region.ports()['imaging']}")):
        with httpx.Client(base_url=base, timeout=60, trust_env=False, headers=_bearer(clinic)) as http:
            first, *later = _timed(lambda http=http: http.get(f"{series}/metadata"), 21)
            urls = iter([f"{series}/instances/{uid}/frames/1" for uid in instances])
            frames = _timed(
                lambda http=http, urls=urls: http.get(next(urls), headers={"Accept": _PIXELS}), len(instances)
            )
        if base == region.url:
            figures.append(Figure(f"metadata of {_SLICES} instances, cold", spread([first]), "Orthanc 140–210 ms"))
        figures += [
            Figure(f"the same, cached, {name}", spread(later), "≤ 20 ms"),
            Figure(f"one 512×512 CT frame, {name}", spread(frames), "Orthanc 3.3–4.7 ms"),
        ]
    return figures


def searches(region: RunningRegion) -> list[Figure]:
    """OHIF's list and a patient's studies among 5,000, for a clinic and for a reading site."""
    clinic, reader = region.person("clinic1"), region.person("reader1")
    study_uid, _, _ = _send_study(clinic, slices=1)
    asyncio.run(_fill(region, study_uid))
    listed = "limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,00100030"
    figures = []
    for who, person in (("clinic", clinic), ("reader", reader)):
        headers = _bearer(person)
        for name, query in (
            ("PatientID", "PatientID=B77"),
            ("OHIF's list", listed),
            ("wildcard name", f"{listed}&PatientName=*试*"),
            ("name that is not there", f"{listed}&PatientName=*欧阳*"),
            ("date range", f"{listed}&StudyDate=20260101-20261231"),
        ):
            seconds = _timed(lambda q=query, h=headers: region.http.get(f"/dicomweb/studies?{q}", headers=h), 15)
            figures.append(Figure(f"QIDO of {_STUDIES} studies by {name}, {who}", spread(seconds), "6–127 ms Orthanc"))
    return figures


def _send_study(clinic: Person, slices: int = _SLICES) -> tuple[str, str, list[str]]:
    study_uid, series_uid = new_uid(), new_uid()
    data_set = add_pixels(base_data_set(study_uid=study_uid, series_uid=series_uid, modality="CT"), 512, 512)
    data_set.SOPClassUID = _CT
    files, uids = [], []
    for number in range(1, slices + 1):
        data_set.SOPInstanceUID, data_set.InstanceNumber = new_uid(), number
        files.append(("file", (f"IM{number}", to_bytes(data_set))))
        uids.append(str(data_set.SOPInstanceUID))
    data = {"order": json.dumps(order(f"BCT-{study_uid}"))}
    answer = clinic.http.post("/imaging/v1/cases", headers=_bearer(clinic), data=data, files=files)
    if answer.status_code != 202:
        raise RuntimeError(f"{answer.status_code} {answer.text[:300]}")
    return study_uid, series_uid, uids


async def _fill(region: RunningRegion, study_uid: str) -> None:
    """Copies of one study, each of a patient and a case of its own."""
    connection = await asyncpg.connect(region.database_url("imaging"))
    try:
        await connection.execute(_COPIES, study_uid, _STUDIES)
        case_id = await connection.fetchval("SELECT case_id FROM reading.case WHERE $1 = ANY(study_uids)", study_uid)
        names = [
            row["column_name"]
            for row in await connection.fetch(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = 'reading' AND table_name = 'case' AND is_generated = 'NEVER'"
            )
        ]
        changed = {
            "case_id": "'case_benchd_' || lpad(n::text, 12, '0')",
            "accession_number": "'BENCHD' || n",
            "study_uids": "ARRAY[c.study_uids[1] || '.' || n]",
            "state": "'signed'",
        }
        values = ", ".join(changed.get(name, f'c."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        await connection.execute(_CASES.format(columns=columns, values=values), case_id, _STUDIES)
        for table in ("imaging.study", "imaging.series", "imaging.instance", "reading.case"):
            await connection.execute(f"VACUUM ANALYZE {table}")  # as autovacuum does behind uploads
    finally:
        await connection.close()


def _bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def _timed(call: Callable[[], httpx.Response], count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code} {answer.text[:300]}")
    return seconds
