"""Lossless compression before sending: believed only when it decodes to the same bytes."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest

from clinic.dicom.compress import SYNTAX, compress
from clinic.program import Program
from clinic.spool.files import sha256_of
from services.imaging.dicomweb.originals import OriginalFile
from tests.integration.clinic.conftest import Start
from tests.support.clinic_gateway import send
from tests.support.clinic_region import ClinicRegion
from tests.support.films import small_film
from tests.support.region import wait_for

SAMPLES = Path(pydicom.data.__file__).parent / "test_files"
COMPRESSED = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_implicit.dcm", "examples_rgb_color.dcm",
    "examples_overlay.dcm",
)  # fmt: skip
AS_THEY_CAME = (
    "rtplan.dcm",
    "SC_rgb_small_odd.dcm",
    "rtdose.dcm",
    "liver_1frame.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
)


def gradient(side: int = 128) -> bytes:
    """12 bits that compress well."""
    ramp = np.add.outer(np.arange(side), np.arange(side)).astype("<u2") % 4096
    return small_film(side=side, PixelData=ramp.tobytes(), BitsStored=12, HighBit=11)


@pytest.mark.parametrize("name", COMPRESSED)
def test_what_is_compressed_holds_the_same_pixels_and_words(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out.dcm"
    before = pydicom.dcmread(SAMPLES / name)
    assert compress(SAMPLES / name, target, str(before.file_meta.TransferSyntaxUID))
    after = pydicom.dcmread(target)
    assert str(after.file_meta.TransferSyntaxUID) == SYNTAX
    assert target.stat().st_size < (SAMPLES / name).stat().st_size
    assert np.array_equal(before.pixel_array, after.pixel_array)
    rewritten = {"PixelData", "PlanarConfiguration"}
    assert [e.keyword for e in before if after.get(e.tag) != e and e.keyword not in rewritten] == []


@pytest.mark.parametrize("name", AS_THEY_CAME)
def test_what_jpeg_ls_cannot_hold_or_is_compressed_already_goes_as_it_came(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out.dcm"
    syntax = str(pydicom.dcmread(SAMPLES / name, stop_before_pixels=True).file_meta.TransferSyntaxUID)
    assert not compress(SAMPLES / name, target, syntax)
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_uses_the_bits_above_its_own_goes_as_it_came(tmp_path: Path) -> None:
    """Old overlays live there (PS3.5 8.1.2): JPEG-LS would drop them."""
    source = tmp_path / "overlay.dcm"
    pixels = np.full((64, 64), 0x8123, "<u2").tobytes()
    source.write_bytes(small_film(PixelData=pixels, BitsStored=12, HighBit=11))
    assert not compress(source, tmp_path / "out.dcm", "1.2.840.10008.1.2.1")
    assert not (tmp_path / "out.dcm").exists()


def test_compressed_images_arrive_and_the_originals_digest_is_kept(start: Start, centre: ClinicRegion) -> None:
    program = start(compression='scheme = "jpeg-ls"')
    assert program.dicom is not None
    assert send(program.dicom.port, [gradient(), small_film(Modality="MG", side=8)]) == [0, 0]
    wait_for(lambda: centre.instances == 2, 20, "it did not arrive")
    (row,) = program.spool.database.rows("SELECT * FROM compressed JOIN item USING (item_id) WHERE size_bytes > 9000")
    assert row["original_sha256"] == sha256_of(program.spool.path_of(row["file"]))
    assert row["sent_bytes"] < row["size_bytes"] / 2
    assert row["sent_sha256"] in centre.held


def _states(program: Program) -> set[str]:
    return {row["state"] for row in program.spool.database.rows("SELECT state FROM batch")}


@pytest.mark.parametrize("is_offered", [True, False])
def test_the_region_is_told_what_a_compressed_image_was_made_of(
    start: Start, centre: ClinicRegion, is_offered: bool
) -> None:
    centre.keeps_originals = is_offered
    program = start(compression='scheme = "jpeg-ls"')
    assert program.dicom is not None
    image = gradient()
    assert send(program.dicom.port, [image, small_film(Modality="MG", side=8)]) == [0, 0]
    wait_for(lambda: _states(program) == {"done"}, 20, "it was not sent")
    (row,) = program.spool.database.rows("SELECT * FROM compressed JOIN item USING (item_id) WHERE size_bytes > 9000")
    said = {
        "sop_instance_uid": str(pydicom.dcmread(io.BytesIO(image)).SOPInstanceUID),
        "sent_sha256": row["sent_sha256"],
        "sha256": row["original_sha256"],
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
    }
    assert (said in centre.originals) is is_offered
    assert all(each["sent_sha256"] in centre.held for each in centre.originals)
    assert all(OriginalFile.model_validate(each) for each in centre.originals), "what the imaging centre reads"


@pytest.mark.parametrize("compression", ['scheme = "none"', 'scheme = "jpeg-ls"\nnever = ["CR"]'])
def test_where_policy_forbids_it_originals_are_sent(start: Start, centre: ClinicRegion, compression: str) -> None:
    program = start(compression=compression)
    assert program.dicom is not None
    send(program.dicom.port, [gradient()])
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    (file,) = program.spool.files.iterdir()
    assert set(centre.held) == {sha256_of(file)}
