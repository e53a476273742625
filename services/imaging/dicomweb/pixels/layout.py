"""How an image's frames lie in its pixel data (PS3.3 C.7.6.3, PS3.5 8), read from its DICOM JSON."""

from dataclasses import dataclass
from typing import Any

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    rows: int
    columns: int
    frames: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    pixel_representation: int
    planar_configuration: int
    photometric: str

    @property
    def frame_bits(self) -> int:
        """Of a native frame. One of 4:2:2 has two samples a pixel in place of three (C.7.6.3.1.2)."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples_per_pixel
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def decoded_bytes(self) -> int:
        return self.rows * self.columns * self.samples_per_pixel * max(self.bits_allocated, 8) // 8


def layout_of(header: Model, frames: int) -> Layout | None:
    """None for what is no image."""
    rows, columns, bits = (_integer(header, tag) for tag in ("00280010", "00280011", "00280100"))
    if not rows or not columns or not bits:
        return None
    return Layout(
        rows=rows,
        columns=columns,
        frames=max(frames, 1),
        samples_per_pixel=_integer(header, "00280002") or 1,
        bits_allocated=bits,
        bits_stored=_integer(header, "00280101") or bits,
        pixel_representation=_integer(header, "00280103") or 0,
        planar_configuration=_integer(header, "00280006") or 0,
        photometric=str(_first(header, "00280004") or "MONOCHROME2"),
    )


def _integer(header: Model, tag: str) -> int | None:
    value = _first(header, tag)
    return value if isinstance(value, int) else None


def _first(header: Model, tag: str) -> object:
    return next(iter((header.get(tag) or {}).get("Value") or []), None)
