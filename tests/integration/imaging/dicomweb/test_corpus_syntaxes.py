"""By transfer syntax, what is given out: as stored always; decoded and rendered where a codec reads it, else 406."""

from pathlib import Path

import pytest

from tests.integration.imaging.dicomweb.conftest import Web
from tests.integration.imaging.dicomweb.parts import parts_of
from tests.integration.imaging.dicomweb.test_corpus_retrieve import instances_of, url_of

pytestmark = [pytest.mark.corpus, pytest.mark.filterwarnings("ignore::UserWarning")]
CT = "dicom/ts_ctimage_cornerstone/CTImage.dcm_"
DECODED = {
    "1.2.840.10008.1.2": "dicom/images/seg_image_ct_true_fractional.dcm",
    "1.2.840.10008.1.2.1": "dicom/syntax/SC_rgb_small_odd.dcm",
    "1.2.840.10008.1.2.1.99": "dicom/syntax/image_dfl.dcm",
    "1.2.840.10008.1.2.2": "dicom/syntax/MR_small_bigendian.dcm",
    "1.2.840.10008.1.2.4.50": "dicom/syntax/SC_rgb_small_odd_jpeg.dcm",
    "1.2.840.10008.1.2.4.57": f"{CT}JPEGProcess14TransferSyntax_1.2.840.10008.1.2.4.57.dcm",
    "1.2.840.10008.1.2.4.70": "dicom/images/JPEG-LL.dcm",
    "1.2.840.10008.1.2.4.80": "dicom/syntax/MR_small_jpeg_ls_lossless.dcm",
    "1.2.840.10008.1.2.4.81": "dicom/images/TestPattern_JPEG-LS-NearLossless.dcm",
    "1.2.840.10008.1.2.4.90": "dicom/syntax/MR_small_jp2klossless.dcm",
    "1.2.840.10008.1.2.4.91": "dicom/syntax/JPEG2000.dcm",
    "1.2.840.10008.1.2.5": "dicom/syntax/MR_small_RLE.dcm",
}
AS_STORED_ALONE = {
    "1.2.840.10008.1.2.4.51": "dicom/syntax/JPGExtended.dcm",  # of 12 bits
    "1.2.840.10008.1.2.4.53": f"{CT}JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
    "1.2.840.10008.1.2.4.55": f"{CT}JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
    "1.2.840.10008.1.2.8.1": "dicom/images/liver_deflate.dcm",
}


@pytest.mark.parametrize(("syntax", "path"), [*DECODED.items(), *AS_STORED_ALONE.items()])
async def test_a_transfer_syntax_is_given_out_as_the_table_says(web: Web, corpus: Path, syntax: str, path: str) -> None:
    content = (corpus / path).read_bytes()
    (instance,) = await instances_of(web, content)
    assert instance["00083002"]["Value"] == [syntax]
    url, is_decoded = url_of(instance), syntax in DECODED
    assert (await web.get(url, accept="application/dicom; transfer-syntax=*")).content == content
    for accept in ('multipart/related; type="*/*"; transfer-syntax=*', "*/*"):
        frame = await web.get(f"{url}/frames/1", accept=accept)
        assert frame.status_code == 200, frame.text
        ((_, body),) = parts_of(frame)
        assert body
    refused = {
        f"{url}/frames/1": "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
        url: "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
        f"{url}/rendered": "image/jpeg",
        f"{url}/thumbnail": "image/png",
    }
    for resource, accept in refused.items():
        answer = await web.get(resource, accept=accept)
        if is_decoded:
            assert answer.status_code == 200, (resource, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable"), resource
            assert syntax in answer.json()["offered"][0]
