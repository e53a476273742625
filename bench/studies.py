"""Studies by the thousand: one that was sent, copied in the database, because uploads would take too long."""

import json

import asyncpg

from deploy.demo.client import Person
from tests.support.dicom_files import add_pixels, base_data_set, new_uid, to_bytes
from tests.support.films import order
from tests.support.region import RunningRegion

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


def send_study(clinic: Person, slices: int) -> tuple[str, str, list[str]]:
    study_uid, series_uid = new_uid(), new_uid()
    data_set = add_pixels(base_data_set(study_uid=study_uid, series_uid=series_uid, modality="CT"), 512, 512)
    data_set.SOPClassUID = _CT
    files, uids = [], []
    for number in range(1, slices + 1):
        data_set.SOPInstanceUID, data_set.InstanceNumber = new_uid(), number
        files.append(("file", (f"IM{number}", to_bytes(data_set))))
        uids.append(str(data_set.SOPInstanceUID))
    data = {"order": json.dumps(order(f"BCT-{study_uid}"))}
    answer = clinic.http.post("/imaging/v1/cases", headers=bearer(clinic), data=data, files=files)
    if answer.status_code != 202:
        raise RuntimeError(f"{answer.status_code} {answer.text[:300]}")
    return study_uid, series_uid, uids


async def copy_study(region: RunningRegion, study_uid: str, count: int) -> None:
    """Copies of one study, each of a patient and a case of its own."""
    connection = await asyncpg.connect(region.database_url("imaging"))
    try:
        await connection.execute(_COPIES, study_uid, count)
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
        await connection.execute(_CASES.format(columns=columns, values=values), case_id, count)
        for table in ("imaging.study", "imaging.series", "imaging.instance", "reading.case"):
            await connection.execute(f"VACUUM ANALYZE {table}")  # as autovacuum does behind uploads
    finally:
        await connection.close()


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
