"""The order's words in place of the file's, and what the file said (PS3.3 C.12.1.1.9): as DICOM JSON.

In what Web services answer, never in the stored bytes: ``transfer-syntax=*`` is the file as it was sent, whose digest
the manifest names.
"""

from datetime import datetime
from typing import Any

Model = dict[str, Any]

ORIGINAL_ATTRIBUTES, _MODIFIED_ATTRIBUTES = "04000561", "04000550"
_AT, _BY, _SOURCE, _REASON = "04000562", "04000563", "04000564", "04000565"
_SYSTEM = "GONGZHEN"


def coerce_model(model: Model, coercion: Model) -> None:
    """In place; ``coercion`` as it stands in ``imaging.instance``. Items of earlier systems stay before ours."""
    earlier = (model.get(ORIGINAL_ATTRIBUTES) or {}).get("Value") or []
    model |= coercion["attributes"]
    model[ORIGINAL_ATTRIBUTES] = {"vr": "SQ", "Value": [*earlier, _item(coercion)]}


def _item(coercion: Model) -> Model:
    at = datetime.fromisoformat(coercion["at"])
    return {
        _MODIFIED_ATTRIBUTES: {"vr": "SQ", "Value": [dict(sorted(coercion["original"].items()))]},
        _AT: {"vr": "DT", "Value": [at.strftime("%Y%m%d%H%M%S.%f%z")]},
        _BY: {"vr": "LO", "Value": [_SYSTEM]},
        _SOURCE: {"vr": "LO", "Value": [coercion["source"]]},
        _REASON: {"vr": "CS", "Value": [coercion["reason"]]},
    }
