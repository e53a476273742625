"""QIDO-RS among 5,000 studies: a patient's, and the list that OHIF opens with."""

import asyncio
import datetime
import json

from bench.orthanc.arena import Arena, rounds
from bench.orthanc.rows import NO_SLOWER, ORTHANC, Better, Row
from bench.orthanc.timing import each_ms
from bench.store_client import request
from bench.studies import copy_study, send_study
from bench.wire import Line, ask_all
from tests.support.dicom_files import add_pixels, base_data_set, to_bytes

_STUDIES = 5000
_CALLS = 15
_NEWEST = datetime.date(2026, 11, 21)
_JSON = "application/dicom+json"
_OHIF = "limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,00100030"
_QUERIES = (
    ("PatientID", "PatientID=B77", 1),
    ("OHIF's list", _OHIF, 101),
    ("day, OHIF's list", f"{_OHIF}&StudyDate=20260301-20260301", 5),
)


def rows(arena: Arena) -> list[Row]:
    _fill_orthanc(arena)
    clinic = arena.region.person("clinic1")
    study_uid, _, _ = send_study(clinic, slices=1)
    asyncio.run(copy_study(arena.region, study_uid, _STUDIES))
    arena.settle()
    return [_measured(arena, name, query, expected) for name, query, expected in _QUERIES]


def _measured(arena: Arena, name: str, query: str, expected: int) -> Row:
    values: dict[str, list[float]] = {}
    for side in rounds(arena.sides()):
        asked = side.target.get(f"/studies?{query}", _JSON)
        with Line(side.target.port) as line:
            found = len(json.loads(line.ask(asked) or b"[]"))
            if found != expected:
                raise RuntimeError(f"{side.name} finds {found} studies by {name}, not {expected}")
            values.setdefault(side.name, []).extend(each_ms(line, [asked] * _CALLS))
    return Row(f"QIDO of {_STUDIES:,} studies by {name}", "ms", values, Better.less, NO_SLOWER)


def _fill_orthanc(arena: Arena, a_request: int = 100) -> None:
    """As many as are copied in our database, with the same ids and as many days: by STOW, it has no other way."""
    side = next(side for side in arena.sides() if side.name == ORTHANC)
    for first in range(1, _STUDIES + 1, a_request):
        files = [_tiny(n) for n in range(first, first + a_request)]
        ask_all(side.target.port, [request(side.target, files)], 1)


def _tiny(n: int) -> bytes:
    data_set = add_pixels(base_data_set(modality="CT", patient_id=f"B{n}", accession_number=f"BD{n}"), 8, 8)
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data_set.StudyDate = f"{_NEWEST - datetime.timedelta(days=n % 1000):%Y%m%d}"
    return to_bytes(data_set)
