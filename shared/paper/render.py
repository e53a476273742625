"""A template and its data become a PDF/A-2b. Fonts come from the package; nothing of the machine is looked at."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from shared.paper.fonts import missing_characters, sheet_fonts
from shared.signing.document import SignerRole
from shared.signing.place import Place

GETA = "〓"
"""Printed for a character that the fonts lack, as printers have always done; a footnote names what it stands for."""

_SOURCE_ROOT = Path(__file__).parents[2]
_compilers = threading.local()


@dataclass(frozen=True, slots=True)
class Sheet:
    """``boxes`` by the signer's role. ``missing``: characters printed as 〓 since no font has them."""

    pdf: bytes = field(repr=False)
    boxes: Mapping[SignerRole, Place]
    missing: tuple[str, ...] = ()


def render(template: str, data: Mapping[str, Any], made_at: datetime) -> Sheet:
    """Set ``data`` (any JSON) by a template, named from the source's root: ``services/imaging/report_form/sheet.typ``.

    Blocking, 5-50 ms: call it in a thread. The same data and moment give the same bytes. Each thread keeps its
    compilers, which know the fonts already. Raises typst.TypstError for a template that is wrong, which no data can
    cause: strings are set as strings, and characters without a glyph are replaced.
    """
    missing = missing_characters(_all_text(data))
    shown = _without(data, frozenset(missing))
    notes = [f"U+{ord(character):04X}" for character in missing]
    compiler = _compiler(template)
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"data": json.dumps({**shown, "missing": notes})},
        pdf_standards="a-2b",
        timestamp=int(made_at.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a PDF is one file")
    return Sheet(pdf, _boxes(compiler), missing)


def _compiler(template: str) -> typst.Compiler:
    kept: dict[str, typst.Compiler] = _compilers.__dict__.setdefault("by_template", {})
    if template not in kept:
        kept[template] = typst.Compiler(
            _SOURCE_ROOT / template, root=_SOURCE_ROOT, font_paths=sheet_fonts(), ignore_system_fonts=True
        )
    return kept[template]


def _boxes(compiler: typst.Compiler) -> dict[SignerRole, Place]:
    """The template marks each box with ``<signature-box>``: role, page from 1, and points from the upper left."""
    boxes = {}
    for mark in json.loads(compiler.query("<signature-box>", field="value")):
        top = mark["page_height"] - mark["y"]
        left = mark["x"]
        boxes[SignerRole(mark["role"])] = Place(mark["page"] - 1, left, top - mark["height"], left + mark["width"], top)
    return boxes


def _all_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "".join(_all_text(each) for each in value.values())
    if isinstance(value, list | tuple):
        return "".join(_all_text(each) for each in value)
    return ""


def _without(value: Any, missing: frozenset[str]) -> Any:
    if isinstance(value, str):
        return "".join(_shown(character, missing) for character in value) if missing else value
    if isinstance(value, Mapping):
        return {name: _without(each, missing) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without(each, missing) for each in value]
    return value


def _shown(character: str, missing: frozenset[str]) -> str:
    return GETA if character in missing else character
