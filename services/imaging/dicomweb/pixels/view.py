"""A frame as a picture (PS3.18 8.3.5, 10.4.1.1.3): grey levels windowed, colours as they are, scaled, encoded.

Runs in the sandbox.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

Samples = npt.NDArray[Any]
# What stands outside this share of an image without a window is a marker or a hole, not anatomy.
_TAILS = (0.5, 99.5)


@dataclass(frozen=True, slots=True)
class View:
    """``window``: center, width, function (LINEAR, LINEAR_EXACT, SIGMOID). ``size``: the largest width and height;
    ``region``: x, y, width, height of the source, in pixels."""

    kind: str = "image/jpeg"
    quality: int = 90
    window: tuple[float, float, str] | None = None
    size: tuple[int, int] | None = None
    region: tuple[int, int, int, int] | None = None


def painted(samples: Samples, attributes: Dataset, view: View) -> bytes:
    """Raises ValueError for a region outside the image."""
    photometric = str(attributes.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR":
        pixels = _eight_bit(apply_color_lut(samples, attributes))
    elif samples.ndim == 3:
        pixels = _eight_bit(samples, int(attributes.get("BitsStored", 8)))
    else:
        pixels = _grey(samples, attributes, view, inverted=photometric == "MONOCHROME1")
    image = Image.fromarray(pixels)
    if view.region is not None:
        x, y, width, height = view.region
        if x + width > image.width or y + height > image.height:
            raise ValueError("region")
        image = image.crop((x, y, x + width, y + height))
    if view.size is not None:
        scale = min(view.size[0] / image.width, view.size[1] / image.height)
        wanted = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        image = image.resize(wanted, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    target = io.BytesIO()
    if view.kind == "image/png":
        image.save(target, "PNG", compress_level=3)
    else:
        image.save(target, "JPEG", quality=view.quality, subsampling=0)
    return target.getvalue()


def _grey(samples: Samples, attributes: Dataset, view: View, *, inverted: bool) -> Samples:
    """The client's window, else the file's table or first window, else what most of the image spans."""
    values = apply_modality_lut(samples, attributes)
    window = view.window or _own_window(attributes)
    if view.window is None and "VOILUTSequence" in attributes:
        bits = int(attributes.VOILUTSequence[0].LUTDescriptor[2])
        grey = apply_voi_lut(values, attributes) / (2.0**bits - 1)
    elif window is not None:
        grey = _windowed(values, *window)
    else:
        low, high = np.percentile(values, _TAILS)
        grey = (values - low) / max(high - low, 1e-9)
    grey = np.clip(grey, 0, 1)
    return np.asarray(np.rint((1 - grey if inverted else grey) * 255), dtype=np.uint8)


def _own_window(attributes: Dataset) -> tuple[float, float, str] | None:
    """The first of several; None for one that is none: writers leave zeros there."""
    try:
        center, width = (float(np.atleast_1d(attributes[name].value)[0]) for name in ("WindowCenter", "WindowWidth"))
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return (center, width, str(attributes.get("VOILUTFunction", "LINEAR"))) if width >= 1 else None


def _windowed(values: Samples, center: float, width: float, function: str) -> Samples:
    """0 … 1 (PS3.3 C.11.2.1.2.1, C.11.2.1.3)."""
    values = values.astype(np.float32)
    if function.upper() == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(-4 * (values - center) / width)))
    if function.upper() == "LINEAR_EXACT":
        return np.asarray((values - center) / width + 0.5)
    return np.asarray((values - (center - 0.5)) / max(width - 1, 1e-3) + 0.5)


def _eight_bit(pixels: Samples, bits: int | None = None) -> Samples:
    if pixels.dtype == np.uint8 and (bits is None or bits == 8):
        return pixels
    shift = (bits or pixels.dtype.itemsize * 8) - 8
    return np.asarray(pixels >> shift if shift > 0 else pixels << -shift, dtype=np.uint8)
