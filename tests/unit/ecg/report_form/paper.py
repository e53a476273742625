"""Lengths on a page, read from a PDF's vectors by another library than the one that wrote it."""

import ctypes
from dataclasses import dataclass

import pypdfium2
from pypdfium2 import raw

_MM_PER_POINT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Stroke:
    """One path of a page: its subpaths as points in mm from the page's lower left, and its line's width in mm."""

    subpaths: list[list[tuple[float, float]]]
    width_mm: float


def strokes_of(pdf: bytes, page_number: int = 0) -> list[Stroke]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        found = []
        for item in document[page_number].get_objects():
            if item.type != raw.FPDF_PAGEOBJ_PATH:
                continue
            matrix = item.get_matrix()
            width = ctypes.c_float()
            raw.FPDFPageObj_GetStrokeWidth(item.raw, width)
            subpaths: list[list[tuple[float, float]]] = []
            for index in range(raw.FPDFPath_CountSegments(item.raw)):
                segment = raw.FPDFPath_GetPathSegment(item.raw, index)
                x, y = ctypes.c_float(), ctypes.c_float()
                raw.FPDFPathSegment_GetPoint(segment, x, y)
                if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO:
                    subpaths.append([])
                at = matrix.on_point(x.value, y.value)
                subpaths[-1].append((at[0] * _MM_PER_POINT, at[1] * _MM_PER_POINT))
            found.append(Stroke(subpaths, abs(matrix.a) * width.value * _MM_PER_POINT))
        return found
    finally:
        document.close()


def page_sizes_mm(pdf: bytes) -> list[tuple[float, float]]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [(page.get_width() * _MM_PER_POINT, page.get_height() * _MM_PER_POINT) for page in document]
    finally:
        document.close()
