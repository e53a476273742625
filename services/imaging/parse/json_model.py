"""The header as DICOM JSON (PS3.18 Annex F.2), ready for JSONB and for WADO-RS metadata.

UTF-8 whatever (0008,0005) said; ascending tags; group lengths, group 0002, pixel data and trailing padding left out.
Long values are not copied: ``bulk`` names their place, and whoever serves the metadata adds the BulkDataURI there.
"""

import base64
import math
import re
from dataclasses import dataclass
from typing import Any

from services.imaging.parse.elements import DataSet, Element
from services.imaging.parse.person_name import parse_person_name
from services.imaging.parse.remark import Remark
from services.imaging.parse.values import CHARACTER_SET, MAX_TEXT_BYTES, Values

MAX_INLINE_BYTES = 4096
# Over all values of one instance: a header of 2 GB in small pieces must not become a JSON of 2 GB.
MAX_MODEL_BYTES = 8 * 1024 * 1024
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NUMERIC = frozenset({"FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"})
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_TRAILING_PADDING = 0xFFFCFFFC
_PIXEL_REPRESENTATION = 0x00280103
_INTEGER = re.compile(r"[+-]?\d{1,12}")


@dataclass(frozen=True, slots=True)
class BulkValue:
    """A value the metadata leave out. ``path`` is tags and item numbers as PS3.18 metadata nest:
    ``00420011`` or ``54000100/0/54001010``. Offset and length in bytes, in the file (deflated: in the data set)."""

    path: str
    vr: str
    offset: int
    length: int


class JsonModel:
    """Builds the model of one instance. ``bulk`` fills while ``build`` runs."""

    def __init__(self, values: Values, remarks: set[Remark]) -> None:
        self._root = values
        self._remarks = remarks
        self.bulk: list[BulkValue] = []
        self._left_bytes = MAX_MODEL_BYTES
        self._signed = values.integer(_PIXEL_REPRESENTATION) == 1

    def build(self) -> dict[str, Any]:
        return self._data_set(self._root, "")

    def _data_set(self, values: Values, path: str) -> dict[str, Any]:
        model: dict[str, Any] = {}
        for tag in sorted(values.data_set):
            if tag & 0xFFFF == 0 or tag in _PIXELS or tag == _TRAILING_PADDING:
                continue
            key = f"{tag:08X}"
            model[key] = self._element(values, values.data_set[tag], path + key)
        return model

    def _element(self, values: Values, element: Element, path: str) -> dict[str, Any]:
        vr = self._settled(element)
        if element.tag == CHARACTER_SET:
            return {"vr": "CS", "Value": ["ISO_IR 192"]}
        if element.items is not None:
            return self._sequence(values, element.items, path)
        if not element.length:
            return {"vr": vr}
        if self._is_bulk(element, vr):
            self.bulk.append(BulkValue(path, vr, element.offset, element.length))
            return {"vr": vr}
        self._left_bytes -= element.length
        if vr in _BINARY:
            return {"vr": vr, "InlineBinary": base64.b64encode(values.raw(element)).decode("ascii")}
        model: dict[str, Any] = {"vr": vr}
        content = self._values(values, element._replace(vr=vr))
        if content:
            model["Value"] = content
        return model

    def _is_bulk(self, element: Element, vr: str) -> bool:
        is_text = vr not in _BINARY and vr not in _NUMERIC and vr not in ("AT", "DS", "IS")
        limit_bytes = MAX_TEXT_BYTES if is_text else MAX_INLINE_BYTES
        return element.fragments is not None or element.length > min(limit_bytes, self._left_bytes)

    def _sequence(self, values: Values, items: tuple[DataSet, ...], path: str) -> dict[str, Any]:
        if not items:
            return {"vr": "SQ"}
        return {
            "vr": "SQ",
            "Value": [self._data_set(values.of(item), f"{path}/{n}/") for n, item in enumerate(items)],
        }

    def _values(self, values: Values, element: Element) -> list[Any]:
        if element.vr == "AT":
            return [f"{int(tag):08X}" for tag in values.numbers(element)]
        if element.vr in _NUMERIC:
            return [_finite(number) for number in values.numbers(element)]
        texts = values.split(element)
        if element.vr == "PN":
            names = [parse_person_name(text).to_json() or None for text in texts]
            return names if any(names) else []
        if element.vr == "IS":
            return [self._integer(text) for text in texts]
        if element.vr == "DS":
            return [self._decimal(text) for text in texts]
        return [text or None for text in texts]

    def _integer(self, text: str) -> int | str | None:
        if _INTEGER.fullmatch(text):
            return int(text)
        if text:
            self._remarks.add(Remark.VALUE_UNREADABLE)
        return text or None

    def _decimal(self, text: str) -> float | str | None:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        if text:
            self._remarks.add(Remark.VALUE_UNREADABLE)
        return text or None

    def _settled(self, element: Element) -> str:
        """Implicit VR leaves some VRs to other attributes (PS3.5 A.1)."""
        vr = element.vr
        if len(vr) == 2:
            return vr
        if vr == "US or SS":
            return "SS" if self._signed else "US"
        return "OW"


def _finite(number: int | float) -> int | float | str:
    """JSON has no NaN and no infinity; PS3.18 F.2.3 writes them as strings."""
    if isinstance(number, int) or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
