"""The Store Instances Response Module (PS3.18 Annex I) as DICOM JSON (F.2) or XML (PS3.19 A.1)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from fastapi import Response

from services.imaging.dicomweb.links import Links
from services.imaging.dicomweb.store.sort import Failure
from services.imaging.parse.identity import Identity

JSON = "application/dicom+json"
XML = "application/dicom+xml"
COERCION = 0xB000
_KEYWORDS = {
    "00081150": "ReferencedSOPClassUID",
    "00081155": "ReferencedSOPInstanceUID",
    "00081190": "RetrieveURL",
    "00081196": "WarningReason",
    "00081197": "FailureReason",
    "00081198": "FailedSOPSequence",
    "00081199": "ReferencedSOPSequence",
}

Model = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """``coerced``: SOP Instance UIDs of stored ones whose order says otherwise than the file (Warning Reason B000)."""

    stored: Sequence[Identity]
    failures: Sequence[Failure]
    coerced: frozenset[str] = frozenset()

    @property
    def status(self) -> int:
        if not self.stored:
            return 409
        return 202 if self.failures or self.coerced else 200

    def response(self, links: Links, media_type: str) -> Response:
        model = self.model(links)
        if media_type == XML:
            return Response(_xml(model), self.status, media_type=XML)
        text = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
        return Response(text, self.status, media_type=media_type)

    def model(self, links: Links) -> Model:
        """(0008,1198) only where something failed; what could not be read far enough has empty UIDs there."""
        model: Model = {}
        studies = {uids.study for uids in self.stored}
        if len(studies) == 1:
            model["00081190"] = _element("UR", links.study(studies.pop()))
        if self.failures:
            model["00081198"] = {"vr": "SQ", "Value": [_failed(failure) for failure in self.failures]}
        if self.stored:
            model["00081199"] = {"vr": "SQ", "Value": [self._referenced(uids, links) for uids in self.stored]}
        return model

    def _referenced(self, uids: Identity, links: Links) -> Model:
        url = links.instance(uids.study, uids.series, uids.sop_instance)
        item = {**_sop(uids.sop_class, uids.sop_instance), "00081190": _element("UR", url)}
        if uids.sop_instance in self.coerced:
            item["00081196"] = _element("US", COERCION)
        return item


def _failed(failure: Failure) -> Model:
    return {**_sop(failure.sop_class_uid, failure.sop_instance_uid), "00081197": _element("US", failure.reason)}


def _sop(class_uid: str, instance_uid: str) -> Model:
    return {"00081150": _element("UI", class_uid), "00081155": _element("UI", instance_uid)}


def _element(vr: str, value: str | int) -> dict[str, Any]:
    return {"vr": vr} if value == "" else {"vr": vr, "Value": [value]}


def _xml(model: Model) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns='
    namespace = '"http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
    return "".join([head, namespace, *_attributes(model), "</NativeDicomModel>"])


def _attributes(model: Model) -> Iterator[str]:
    for tag, element in model.items():
        yield f'<DicomAttribute tag="{tag}" vr="{element["vr"]}" keyword={quoteattr(_KEYWORDS[tag])}>'
        for number, value in enumerate(element.get("Value", ()), 1):
            if element["vr"] == "SQ":
                yield f'<Item number="{number}">'
                yield from _attributes(value)
                yield "</Item>"
            else:
                yield f'<Value number="{number}">{escape(str(value))}</Value>'
        yield "</DicomAttribute>"
