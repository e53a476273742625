import zipfile
from pathlib import Path

import pytest

from clinic.sending import package
from clinic.spool.items import Facts, Item

EXPLICIT, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"


def item(folder: Path, name: str, content: bytes, syntax: str = EXPLICIT) -> Item:
    (folder / name).write_bytes(content)
    return Item(name, name, name, len(content), Facts(transfer_syntax=syntax), None)


def packed(folder: Path, key: str, center: str, items: list[Item], *, deflate: bool = True):  # type: ignore[no-untyped-def]
    (folder / "packages").mkdir(exist_ok=True)

    def source_of(each: Item) -> tuple[Path, str]:
        return folder / each.file, each.facts.transfer_syntax

    return package.pack(folder / "packages", key, center, items, source_of, deflate=deflate)


def test_images_go_as_one_zip_whose_members_are_byte_for_byte_theirs(tmp_path: Path) -> None:
    items = [item(tmp_path, "a.dcm", b"a" * 5000), item(tmp_path, "b.dcm", b"b" * 5000, JPEG)]
    (file,) = packed(tmp_path, "up_1", "imaging", items)
    with zipfile.ZipFile(file.path) as archive:
        assert [archive.read(name) for name in ("a.dcm", "b.dcm")] == [b"a" * 5000, b"b" * 5000]
        kinds = [info.compress_type for info in archive.infolist()]
    assert kinds == [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]


def test_the_same_files_make_the_same_zip(tmp_path: Path) -> None:
    items = [item(tmp_path, "a.dcm", b"a" * 5000), item(tmp_path, "b.dcm", b"b" * 5000)]
    first, second = (packed(tmp_path, key, "imaging", items) for key in ("up_1", "up_2"))
    assert package.digest_of(first) == package.digest_of(second)


@pytest.mark.parametrize(("syntax", "deflate"), [(JPEG, True), (EXPLICIT, False)])
def test_one_image_that_would_not_shrink_goes_as_it_is(tmp_path: Path, syntax: str, deflate: bool) -> None:
    (file,) = packed(tmp_path, "up_1", "imaging", [item(tmp_path, "a.dcm", b"a" * 5000, syntax)], deflate=deflate)
    assert file.path == tmp_path / "a.dcm"


def test_an_ecgs_files_keep_their_names(tmp_path: Path) -> None:
    items = [item(tmp_path, "r.hea", b"r.dat"), item(tmp_path, "r.dat", b"12")]
    assert [file.name for file in packed(tmp_path, "up_1", "ecg", items)] == ["r.hea", "r.dat"]
    assert list((tmp_path / "packages").iterdir()) == []


def test_what_was_sent_leaves_nothing_behind(tmp_path: Path) -> None:
    packed(tmp_path, "up_1", "imaging", [item(tmp_path, "a.dcm", b"a" * 50), item(tmp_path, "b.dcm", b"b" * 50)])
    (tmp_path / "packages" / "up_1-itm_1.dcm").write_bytes(b"compressed")
    package.drop(tmp_path / "packages", "up_1")
    assert list((tmp_path / "packages").iterdir()) == []
