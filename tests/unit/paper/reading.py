"""What a PDF says, read by another library than the one that wrote it."""

import re

import pypdfium2


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, without white space: line breaks fall where the page ends."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [re.sub(r"\s", "", page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()
