"""Every real file of the corpus, with pydicom as the second opinion."""

import csv
import io
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from services.imaging.parse.dicomdir import read_dicomdir
from services.imaging.parse.instance import Instance, read_instance
from services.imaging.parse.outcomes import Taken
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.sort_out import UploadSorter

pytestmark = pytest.mark.corpus

# Sound files that have no place all the same: fragments of data sets, worklist entries, images without UIDs.
NO_INSTANCE_UID = FailureCode.MISSING_SOP_INSTANCE_UID
REFUSED = {
    "dicom/charset/chrJapMulti.dcm": FailureCode.TRUNCATED,  # CR, 32x32, its pixel data taken out
    "dicom/charset/chrJapMultiExplicitIR6.dcm": FailureCode.TRUNCATED,
    "dicom/charset/chrKoreanMulti.dcm": FailureCode.TRUNCATED,
    "dicom/charset/chrSQEncoding.dcm": NO_INSTANCE_UID,
    "dicom/charset/chrSQEncoding1.dcm": NO_INSTANCE_UID,
    "dicom/dicomdir_fileset/DICOMDIR": FailureCode.NOT_AN_INSTANCE,
    "dicom/images/HTJ2K_08_RGB.dcm": FailureCode.MISSING_STUDY_UID,
    "dicom/images/JLSL_08_07_0_1F.dcm": FailureCode.MISSING_STUDY_UID,
    "dicom/syntax/JPEGLSNearLossless_08.dcm": FailureCode.MISSING_STUDY_UID,
    "dicom/syntax/JPEGLSNearLossless_16.dcm": FailureCode.MISSING_STUDY_UID,
    "dicom/syntax/priv_SQ.dcm": NO_INSTANCE_UID,
    "broken/dicom/2026-05-26-oob-monochrome-46341.dcm": FailureCode.TRUNCATED,
    "broken/dicom/MR_truncated.dcm": FailureCode.TRUNCATED,
    "broken/dicom/emri_small_jpeg_2k_lossless_too_short.dcm": FailureCode.TRUNCATED,
    "broken/dicom/rtplan_truncated.dcm": FailureCode.TRUNCATED,
    "broken/dicom/UN_sequence.dcm": NO_INSTANCE_UID,
    "broken/dicom/empty_charset_LEI.dcm": NO_INSTANCE_UID,
    "broken/dicom/meta_missing_tsyntax.dcm": NO_INSTANCE_UID,
    "broken/dicom/nested_priv_SQ.dcm": NO_INSTANCE_UID,
    "broken/dicom/no_meta_group_length.dcm": NO_INSTANCE_UID,
}
# Where pydicom is the one that loses something: a sex of 男 in a CS; a sequence with an empty number in it.
DISAGREED = {"dicom/images/GB18030_GH1301.dcm": ("00100040",), "dicom/syntax/rtdose.dcm": ("300C0002",)}
NAMES = {
    "dicom/charset/chrX1.dcm": ("王小東", "Wang^XiaoDong=王^小東"),
    "dicom/charset/chrX2.dcm": ("王小东", "Wang^XiaoDong=王^小东"),
    "dicom/images/GB18030_GH1301.dcm": ("王小东", "Wang^XiaoDong=王^小东"),
    "dicom/charset/chrH31.dcm": ("山田太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "dicom/charset/chrH32.dcm": ("山田太郎", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    "dicom/charset/chrI2.dcm": ("洪吉洞", "Hong^Gildong=洪^吉洞=홍^길동"),
    "dicom/charset/chrGerm.dcm": ("Äneas Rüdiger", "Äneas^Rüdiger"),
    "dicom/charset/chrFren.dcm": ("Buc Jérôme", "Buc^Jérôme"),
    "dicom/charset/chrRuss.dcm": ("Люкceмбypг", "Люкceмбypг"),
    "dicom/charset/chrGreek.dcm": ("Διονυσιος", "Διονυσιος"),
    "dicom/charset/Lena-utf8.dcm": ("Test-éüäöòДΘĝדصķћ๛ﾈİ", "Test-éüäöòДΘĝדصķћ๛ﾈİ"),
}


def read(path: Path) -> Instance:
    with path.open("rb") as file:
        return read_instance(file, path.stat().st_size, default_charset="GB18030")


def rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        lines = csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [line for line in lines if line["path"].startswith(("dicom/", "broken/dicom/", "pathology/"))]


def expected_refusal(row: dict[str, str]) -> FailureCode | None:
    if row["check"].startswith("pydicom FAIL"):
        return FailureCode.NOT_DICOM
    if row["path"].startswith("dicom/worklist/"):
        return NO_INSTANCE_UID
    return REFUSED.get(row["path"])


def test_every_file_is_taken_or_refused_as_its_line_says(corpus: Path) -> None:
    differs = {}
    index = rows(corpus)
    for row in index:
        try:
            instance = read(corpus / row["path"])
        except Refused as refusal:
            answer: object = refusal.code
        else:
            answer = None
            json.dumps(instance.metadata, allow_nan=False)
        if answer != expected_refusal(row):
            differs[row["path"]] = answer
    assert differs == {}
    assert len(index) > 300


@pytest.mark.parametrize("path", NAMES)
def test_names_arrive_right(corpus: Path, path: str) -> None:
    instance = read(corpus / path)
    assert (instance.patient.name, instance.patient.name_text) == NAMES[path]
    assert instance.remarks == ()


def test_one_image_in_sixteen_transfer_syntaxes_is_one_patient_and_one_size(corpus: Path) -> None:
    instances = [read(path) for path in sorted((corpus / "dicom/ts_ctimage_cornerstone").iterdir())]
    assert len({instance.transfer_syntax_uid for instance in instances}) == len(instances) - 1 == 15
    assert len({(instance.patient, instance.rows, instance.columns, instance.study_uid) for instance in instances}) == 1


def test_pydicom_reads_the_same_header(corpus: Path) -> None:
    """Tag for tag: the top level and its sequences, by their number of items and their text."""
    compared = 0
    for row in rows(corpus):
        if expected_refusal(row) or int(row["bytes"]) > 600_000 or row["path"].startswith("broken/"):
            continue
        ours = read(corpus / row["path"]).metadata
        theirs = second_opinion(corpus / row["path"])
        for tag in DISAGREED.get(row["path"], ()):
            ours.pop(tag), theirs.pop(tag, None)
        assert flat(ours) == flat(theirs), row["path"]
        compared += 1
    assert compared > 200


def second_opinion(path: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = dcmread(path)
        for tag in [element.tag for element in data_set if element.tag.element == 0]:
            del data_set[tag]
        return data_set.to_json_dict(
            bulk_data_threshold=1, bulk_data_element_handler=lambda _: "", suppress_invalid_tags=True
        )  # type: ignore[no-any-return]


TEXTS = frozenset({"AE", "CS", "LO", "SH", "UI", "PN", "DA", "TM"})


def flat(model: dict[str, Any]) -> dict[str, object]:
    """What two readers can agree on: which tags, how many items, and text that stands in single values."""
    found: dict[str, object] = {}
    for tag, element in model.items():
        private = int(tag[:4], 16) % 2 == 1
        if private or tag in ("00080005", "7FE00010", "7FE00008", "7FE00009", "FFFCFFFC") or tag[4:] == "0000":
            continue
        values = element.get("Value") or []
        if element["vr"] == "SQ":
            found[tag] = [flat(item) for item in values]
        elif element["vr"] in TEXTS:
            found[tag] = [text for text in map(plain, filter(None, values)) if text]
        else:
            found[tag] = None
    return found


def plain(value: object) -> object:
    if not isinstance(value, dict):
        return str(value).strip()
    return {group: text.strip("^ ") for group, text in value.items() if text.strip("^ ")}


def test_a_file_set_on_a_cd_is_three_patients(corpus: Path) -> None:
    folder = corpus / "dicom/dicomdir_fileset"
    sorter = UploadSorter(default_charset="GB18030")
    taken = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for outcome in sorter.sort(str(path.relative_to(folder.parent)), io.BytesIO(content), len(content)):
            taken += isinstance(outcome, Taken)
    conclusion = sorter.conclude()
    assert taken == 31
    assert [refused.refusal.code for refused in conclusion.refused] == [FailureCode.TWO_PATIENTS]
    assert conclusion.remarks == ()


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("DICOMDIR-bigEnd", 31),
        ("DICOMDIR-implicit", 31),
        ("DICOMDIR-nooffset", 30),  # its last record is cut off
        ("DICOMDIR-nopatient", 31),
        ("DICOMDIR-reordered", 31),
        ("DICOMDIR-empty.dcm", 0),
    ],
)
def test_odd_directories_are_read_all_the_same(corpus: Path, name: str, listed: int) -> None:
    path = corpus / "broken/dicomdir" / name
    with path.open("rb") as file:
        entries = read_dicomdir(file, path.stat().st_size)
    assert len(entries) == listed
    assert all(entry.sop_instance_uid for entry in entries)
