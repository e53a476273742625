"""What the OpenAPI pages say of parameters that are read from the query as a whole."""

from typing import Any


def _parameter(name: str, description: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": {"type": kind}}


_PAGE = [
    _parameter("limit", "at most so many results", "integer"),
    _parameter("offset", "results to pass over", "integer"),
    _parameter("includefield", "keywords or tags, repeated or with commas, or `all`"),
    _parameter("fuzzymatching", "PatientName by any part and by sound (pinyin)", "boolean"),
]
QUERY: dict[str, Any] = {"parameters": _PAGE}
STUDY_QUERY: dict[str, Any] = {
    "parameters": [
        *_PAGE,
        _parameter("PatientName", "with * and ?, in any of the name's groups"),
        _parameter("PatientID", "the clinic's own number, or `<clinic>:<number>`"),
        _parameter("StudyInstanceUID", "one or several, separated by comma or backslash"),
        _parameter("StudyDate", "20261121, 20261101-20261121, 20261101-, -20261121"),
        _parameter("AccessionNumber", "with * and ?"),
        _parameter("ModalitiesInStudy", "CT, or several"),
    ]
}
