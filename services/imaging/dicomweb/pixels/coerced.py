"""A data set with the order's words in it. Its text is written anew in UTF-8, which every name can be written in."""

from typing import Any

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset

from services.imaging.dicomweb.original_attributes import ORIGINAL_ATTRIBUTES, coerce_model


def coerce_data_set(data_set: Dataset, coercion: dict[str, Any], assumed_charset: str | None) -> None:
    """In place. ``assumed_charset``: how text that declares no character set was read when it came."""
    if assumed_charset is not None:
        _read_as(data_set, convert_encodings(assumed_charset))
    data_set.decode()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    words: dict[str, Any] = {}
    coerce_model(words, coercion)
    given = Dataset.from_json(words)
    earlier = data_set.get("OriginalAttributesSequence") or []
    for element in given:
        data_set[element.tag] = element
    data_set[int(ORIGINAL_ATTRIBUTES, 16)].value = [*earlier, *given.OriginalAttributesSequence]


def _read_as(data_set: Dataset, encodings: list[str]) -> None:
    """Before any text of it was looked at."""
    is_implicit, is_little = data_set.original_encoding
    data_set.set_original_encoding(is_implicit, is_little, encodings)
    for element in data_set:
        if element.VR == "SQ":
            for item in element.value:
                _read_as(item, encodings)
