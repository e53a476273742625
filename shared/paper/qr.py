"""The address at which anybody can check a sheet, as a QR code."""

import io

import segno


def qr_svg(url: str) -> str:
    """SVG text, error correction M: a folded or stamped corner of the paper still reads."""
    buffer = io.BytesIO()
    segno.make_qr(url, error="m").save(buffer, kind="svg", border=0, xmldecl=False, svgns=True)
    return buffer.getvalue().decode("utf-8")
