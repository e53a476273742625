"""Every real file that is taken comes back: byte for byte as stored, and decoded as pydicom decodes it."""

import csv
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian
from sqlalchemy import text

from tests.integration.imaging.dicomweb.conftest import Web
from tests.integration.imaging.dicomweb.parts import parts_of

pytestmark = [pytest.mark.corpus, pytest.mark.filterwarnings("ignore::UserWarning")]

NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"}
OCTETS = "application/octet-stream"
_MOST_BYTES = 8_000_000
# Retired processes of JPEG that no decoder here reads, and pixels that pydicom itself refuses.
_UNDECODED = {"1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"}


def real_files(corpus: Path) -> list[str]:
    with (corpus / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row["path"] for row in rows if row["path"].startswith("dicom/") and int(row["bytes"]) < _MOST_BYTES]


async def forget(web: Web) -> None:
    """Variants of one image have one SOP Instance UID: each comes to an empty archive."""
    async with web.centre.resources.db.transaction() as session:
        await session.execute(text('TRUNCATE imaging.study, reading."case" CASCADE'))


async def instances_of(web: Web, content: bytes) -> list[dict[str, Any]]:
    """What the upload of one file left, [] when it was refused (parsing has tests of its own)."""
    await forget(web)
    answer = await web.centre.upload(content, order={"patient": {"unknown": True}, "exam": {"name": "样本"}})
    if answer.status_code != 202:
        return []
    found = await web.get("/instances")
    assert found.status_code == 200, found.text
    return list(found.json())


def url_of(instance: dict[str, Any]) -> str:
    return str(instance["00081190"]["Value"][0])


async def test_as_stored_and_in_explicit_vr(web: Web, corpus: Path) -> None:
    web.centre.resources.settings.upload_max_bytes = 64 << 20  # type: ignore[attr-defined]
    syntaxes: set[str] = set()
    faults = {}
    compared = 0
    for path in real_files(corpus):
        content = (corpus / path).read_bytes()
        for instance in await instances_of(web, content):
            syntax = instance["00083002"]["Value"][0]
            try:
                await check_instance(web, url_of(instance), content, syntax)
            except AssertionError as fault:
                faults[path] = f"{syntax} {str(fault)[:200]}"
            syntaxes.add(syntax)
            compared += 1
    assert not faults, "\n".join(f"{path}: {fault}" for path, fault in faults.items())
    assert compared > 200
    assert len(syntaxes) >= 16, sorted(syntaxes)


async def check_instance(web: Web, url: str, content: bytes, syntax: str) -> None:
    stored = await web.get(url, accept='multipart/related; type="application/dicom"; transfer-syntax=*')
    assert stored.status_code == 200, stored.text
    ((head, body),) = parts_of(stored)
    assert body == content
    assert head["content-type"] == f"application/dicom; transfer-syntax={syntax}"
    source = readable(content)
    explicit = await web.get(url, accept="multipart/related;type=application/dicom;transfer-syntax=1.2.840.10008.1.2.1")
    expected = pixels_of(source)
    if syntax in _UNDECODED:
        assert explicit.status_code == 406
        return
    if explicit.status_code == 406 and expected is None:
        return  # neither reads it
    assert explicit.status_code == 200, explicit.text
    ((_, rewritten),) = parts_of(explicit)
    target = readable(rewritten)
    assert target.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert target.SOPInstanceUID == source.SOPInstanceUID
    if expected is not None and syntax not in NATIVE:
        expected = stored_bits(expected, source)
    assert same_pixels(pixels_of(target), expected), "rewritten pixels"
    if expected is not None:
        await check_frames(web, url, source, expected)


async def check_frames(web: Web, url: str, source: Dataset, expected: np.ndarray) -> None:
    count = int(source.get("NumberOfFrames") or 1)
    images = expected if count > 1 else expected[np.newaxis]
    numbers = sorted({1, (count + 1) // 2, count})
    answer = await web.get(f"{url}/frames/{','.join(map(str, numbers))}", accept=f"multipart/related; type={OCTETS}")
    assert answer.status_code == 200, answer.text
    for number, (head, body) in zip(numbers, parts_of(answer), strict=True):
        assert head["content-type"] == f"{OCTETS}; transfer-syntax={ExplicitVRLittleEndian}"
        image = images[number - 1]
        if source.BitsAllocated == 1:
            assert np.unpackbits(np.frombuffer(body, np.uint8), bitorder="little")[: image.size].tolist() == (
                image.ravel().tolist()
            )
        elif image.ndim == 3 and not source.file_meta.TransferSyntaxUID.is_compressed:
            assert len(body) >= image.size * 2 // 3  # colours lie as stored: by plane, or subsampled
        else:
            ours = stored_bits(np.frombuffer(body, image.dtype.newbyteorder("<")), source)
            assert (ours == stored_bits(image.ravel(), source)).all(), f"frame {number}"


def stored_bits(samples: np.ndarray, source: Dataset) -> np.ndarray:
    """pydicom masks what lies above the stored bits (old overlays do); lossy codecs overshoot them."""
    if source.file_meta.TransferSyntaxUID.is_compressed:
        signed = source.PixelRepresentation
        bits = source.BitsStored - signed
        return np.clip(samples, -(2**bits) * signed, 2**bits - 1)
    unused = samples.dtype.itemsize * 8 - source.BitsStored
    return (samples << unused) >> unused


def readable(content: bytes) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(io.BytesIO(content), force=True)


def pixels_of(source: Dataset) -> np.ndarray | None:
    if "PixelData" not in source:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return source.pixel_array
        except (AttributeError, RuntimeError, ValueError, NotImplementedError):
            return None


def same_pixels(ours: np.ndarray | None, theirs: np.ndarray | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs or theirs is None
    return ours.shape == theirs.shape and bool((ours == theirs).all())
