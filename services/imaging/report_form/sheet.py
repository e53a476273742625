"""The imaging sheet: the signed statement in the words and the order a Chinese hospital prints it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from services.imaging.report_form.form import ImagingForm
from shared.clock import show
from shared.paper.head import NOTHING, exam_side, head
from shared.paper.render import Sheet, render
from shared.signing.document import ReportDocument

TITLE = "医学影像诊断报告"
_TEXT_WIDTH_MM = 174
_PICTURE_HEIGHT_MM = 60
_GAP_MM = 3
_TEMPLATE = "services/imaging/report_form/sheet.typ"


@dataclass(frozen=True, slots=True)
class Picture:
    """A key image; it is printed 6 cm high or as wide as the page allows. The caller keeps its SHA-256
    in ``ReportDocument.key_images``."""

    data: bytes = field(repr=False)
    media_type: Literal["image/png", "image/jpeg"]
    width_px: int
    height_px: int


def render_sheet(document: ReportDocument, pictures: Sequence[Picture] = ()) -> Sheet:
    """A4, as many pages as the text needs. Blocking: call it in a thread. Raises pydantic.ValidationError where
    ``content`` is not an ImagingForm."""
    form = ImagingForm.model_validate(document.content)
    common = head(document, TITLE, f"{document.reading_site.name}（区域影像诊断中心）")
    data = {
        **common,
        "patient": [*common["patient"], *_exam_facts(document)],
        "technique": form.technique,
        "findings": form.findings or NOTHING,
        "impression": form.impression or NOTHING,
        "key_images": [_shown(picture, len(pictures)) for picture in pictures],
    }
    return render(_TEMPLATE, data, document.written_at)


def _exam_facts(document: ReportDocument) -> list[dict[str, Any]]:
    exam = document.exam
    part = exam.body_part or exam.name
    side = exam_side(document)
    done = exam.method or exam.name
    method = done if done.startswith(exam.modality) else f"{exam.modality} {done}"
    rows = [
        [
            ["检查部位", f"{part}（{side}）" if side else part],
            ["检查方法", method],
            ["检查时间", show(exam.performed_at) if exam.performed_at else NOTHING],
        ],
        [["临床资料", document.clinical_info or NOTHING]],
    ]
    return [{"widths": widths, "pairs": row} for widths, row in zip(([5, 5, 6], [16]), rows, strict=True)]


def _shown(picture: Picture, count: int) -> dict[str, Any]:
    """Up to three stand in a row; a wide one is made lower rather than cut."""
    widest_mm = _TEXT_WIDTH_MM / min(count, 3) - _GAP_MM
    scale = min(_PICTURE_HEIGHT_MM / picture.height_px, widest_mm / picture.width_px)
    return {
        "svg": _svg(picture),
        "width_mm": picture.width_px * scale,
        "height_mm": picture.height_px * scale,
    }


def _svg(picture: Picture) -> str:
    """Typst takes bytes only from files; an SVG carries them as text."""
    encoded = base64.b64encode(picture.data).decode("ascii")
    size = f'width="{picture.width_px}" height="{picture.height_px}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        f'<image {size} href="data:{picture.media_type};base64,{encoded}"/></svg>'
    )
