"""The fonts of the sheets, from a package so that every machine prints the same page, and the characters they have."""

import functools
import struct
from collections.abc import Iterable
from pathlib import Path

import typst
from pylopdf_fonts_zh_cn import sans_path, serif_path

_SPACES = "\n\r\t \u3000"


@functools.cache
def sheet_fonts() -> typst.Fonts:
    """Noto Sans SC and Noto Serif SC and nothing of the machine's own."""
    folder = sans_path().parent
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def missing_characters(text: str) -> tuple[str, ...]:
    """What neither font has, each character once, in order: PDF/A forbids to set them (ISO 19005-2 §6.2.11.8)."""
    covered = _covered()
    return tuple(
        dict.fromkeys(character for character in text if ord(character) not in covered and character not in _SPACES)
    )


@functools.cache
def _covered() -> frozenset[int]:
    return frozenset(code for path in (sans_path(), serif_path()) for code in _code_points(path))


def _code_points(path: Path) -> Iterable[int]:
    """The Unicode code points of an OpenType font's ``cmap`` that lead to a glyph (subtable
    format 12, which has all that format 4 has)."""
    font = path.read_bytes()
    (table_count,) = struct.unpack_from(">H", font, 4)
    tables = {
        tag: offset
        for tag, _checksum, offset, _length in (
            struct.unpack_from(">4sIII", font, 12 + 16 * index) for index in range(table_count)
        )
    }
    cmap = tables[b"cmap"]
    (subtable_count,) = struct.unpack_from(">H", font, cmap + 2)
    for index in range(subtable_count):
        platform, encoding, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * index)
        (kind,) = struct.unpack_from(">H", font, cmap + offset)
        if (platform, encoding) in {(0, 4), (3, 10)} and kind == 12:
            yield from _format_12(font, cmap + offset)


def _format_12(font: bytes, at: int) -> Iterable[int]:
    (group_count,) = struct.unpack_from(">I", font, at + 12)
    for index in range(group_count):
        first, last, glyph = struct.unpack_from(">III", font, at + 16 + 12 * index)
        yield from range(first + (glyph == 0), last + 1)
