"""One line of a message as the laboratory reads it: an item of the catalogue with a value, or why not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.lab.catalogue.catalogue import Catalogue
from services.lab.catalogue.items import Kind
from services.lab.catalogue.mapping import AnalyzerCode, MappingKey, Missing, Unknown, measure, resolve
from services.lab.catalogue.values import NoValue
from services.lab.parse.message import LineStatus, ResultLine, SpecimenGroup
from services.lab.rules.facts import Measured, Reason


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What the laboratory knows of codes. ``passed_over``: lines of these are no results. ``words``: for specimens."""

    catalogue: Catalogue
    mappings: Mapping[MappingKey, AnalyzerCode]
    passed_over: frozenset[MappingKey]
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadLine:
    """``number`` is its place in the group. ``item`` empty: unknown. ``doubts`` hold it for a person."""

    number: int
    line: ResultLine
    item: str
    measured: Measured | None = None
    unknown: Unknown | None = None
    doubts: tuple[Reason, ...] = ()


def read_lines(group: SpecimenGroup, dictionary: Dictionary, *, sender: str, is_manual: bool) -> list[ReadLine]:
    """Without those that say nothing: pictures, codes a technologist has declared to be no results, empty values."""
    found = []
    for number, sent in enumerate(group.lines):
        line = replace(sent, analyzer=sent.analyzer or ("" if is_manual else sender))
        key = (line.analyzer, line.code, line.coding_system)
        if line.attachment or key in dictionary.passed_over:
            continue
        read = _read(number, line, group, dictionary, is_manual=is_manual)
        if read is not None:
            found.append(read)
    return found


def _read(
    number: int, line: ResultLine, group: SpecimenGroup, dictionary: Dictionary, *, is_manual: bool
) -> ReadLine | None:
    mappings = {**dictionary.mappings, **_own_code(line, dictionary.catalogue)} if is_manual else dictionary.mappings
    specimen_type = dictionary.words.get(group.specimen_type.strip(), group.specimen_type)
    resolved = resolve(line, mappings, dictionary.catalogue, specimen_type=_plain_type(specimen_type))
    if isinstance(resolved, Unknown):
        is_said_away = line.status is LineStatus.deleted and resolved.reason is Missing.unit
        return ReadLine(number, line, resolved.item, unknown=None if is_said_away else resolved)
    if line.status is LineStatus.deleted:
        return ReadLine(number, line, resolved.item.code)
    measured = measure(line, resolved)
    if isinstance(measured, NoValue):
        return None
    if isinstance(measured, Unknown):
        if measured.reason is not Missing.value:
            return ReadLine(number, line, measured.item, unknown=measured)
        text = f"结果“{line.value[:60]}”不能确定读法，请核对后人工录入"
        doubt = Reason("value_unreadable", text, "reading", {"value": line.value[:60]})
        as_words = Measured(measured.item, text=line.value, flags=line.flags, analyzer=line.analyzer,
                            measured_at=line.observed_at)  # fmt: skip
        return ReadLine(number, line, measured.item, as_words, doubts=(doubt,))
    return ReadLine(number, line, measured.item, measured)


def _own_code(line: ResultLine, catalogue: Catalogue) -> dict[MappingKey, AnalyzerCode]:
    """Who types a value in names our own item, and means its unit where he writes none."""
    item = catalogue.item(line.code)
    if item is None:
        return {}
    unit = item.unit if item.kind is Kind.quantity and not line.unit else ""
    row = AnalyzerCode(line.analyzer, line.code, item.code, line.coding_system, unit, "")
    return {(line.analyzer, line.code, line.coding_system): row}


_TYPES = {"blood": "BLD", "arterial_blood": "BLDA", "serum": "SER", "plasma": "PLAS", "urine": "UR", "stool": "STL",
          "swab": "SWAB", "bone_marrow": "BM"}  # fmt: skip


def _plain_type(word: str) -> str:
    """Our own name of a specimen type as the catalogue reads it."""
    return _TYPES.get(word, word)
