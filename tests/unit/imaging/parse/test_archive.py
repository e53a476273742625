"""ZIPs that lie, escape or explode."""

import io
import stat
import zipfile

import pytest

from services.imaging.parse.limits import Limits
from services.imaging.parse.outcomes import Ignored, IgnoredReason, RefusedFile, Taken
from services.imaging.parse.refusal import FailureCode
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import sort_out

CT = dicom_files.ct(rows=4, columns=4)
SMALL = Limits(max_files=5, max_file_bytes=300_000, max_expanded_bytes=500_000, bomb_floor_bytes=200_000)


def code_of(archive: bytes, limits: Limits | None = None) -> FailureCode:
    outcomes, conclusion = sort_out({"x.zip": archive}, limits)
    refused = outcomes["x.zip"]
    assert isinstance(refused, RefusedFile)
    assert conclusion.refused == ()
    return refused.refusal.code


@pytest.mark.parametrize(
    "name", ["../evil.dcm", "a/../../evil.dcm", "/etc/passwd", "C:\\evil.dcm", "a\\..\\..\\evil.dcm"]
)
def test_a_path_that_escapes(name: str) -> None:
    assert code_of(dicom_files.zip_of({"ok.dcm": CT, name: CT})) is FailureCode.PATH_ESCAPES


def test_a_symbolic_link_escapes_too() -> None:
    link = zipfile.ZipInfo("link.dcm")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert code_of(buffer.getvalue()) is FailureCode.PATH_ESCAPES


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = dicom_files.zip_of({"bomb.dcm": bytes(250_000)})
    assert len(bomb) < 1000
    assert code_of(bomb, SMALL) is FailureCode.ZIP_BOMB


def test_a_bomb_that_lies_about_its_size_does_not_pass() -> None:
    bomb = bytearray(dicom_files.zip_of({"bomb.dcm": bytes(250_000)}))
    directory = bomb.rindex(b"PK\x01\x02")
    bomb[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    assert code_of(bytes(bomb), SMALL) is FailureCode.ARCHIVE_UNREADABLE


def test_blank_films_are_no_bomb() -> None:
    outcomes, _ = sort_out({"x.zip": dicom_files.zip_of({"IM1": CT, "blank": bytes(150_000)})}, SMALL)
    assert isinstance(outcomes["x.zip/IM1"], Taken)


def test_limits_on_files_and_bytes() -> None:
    noise = bytes(range(256)) * 4
    many = dicom_files.zip_of({f"IM{n}": noise for n in range(6)})
    assert code_of(many, SMALL) is FailureCode.TOO_MANY_FILES
    large = Limits(max_file_bytes=500)
    assert code_of(dicom_files.zip_of({"IM1": noise}), large) is FailureCode.TOO_LARGE
    total = Limits(max_expanded_bytes=1500)
    assert code_of(dicom_files.zip_of({"IM1": noise, "IM2": noise}), total) is FailureCode.TOO_LARGE


def test_files_over_the_limit_sent_one_by_one() -> None:
    outcomes, _ = sort_out({f"cd/IM{n}": CT for n in range(7)}, SMALL)
    codes = [outcome.refusal.code for outcome in outcomes.values() if isinstance(outcome, RefusedFile)]
    assert codes == [FailureCode.TOO_MANY_FILES] * 2


def test_an_encrypted_archive() -> None:
    locked = bytearray(dicom_files.zip_of({"IM1": CT}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    assert code_of(bytes(locked)) is FailureCode.ENCRYPTED_ARCHIVE


def test_a_damaged_archive() -> None:
    sound = dicom_files.zip_of({"IM1": CT})
    assert code_of(sound[:-30]) is FailureCode.ARCHIVE_UNREADABLE
    assert code_of(sound[:60] + b"\xff\xff\xff\xff" + sound[64:]) is FailureCode.ARCHIVE_UNREADABLE


def test_an_archive_whose_offsets_lead_before_its_beginning() -> None:
    astray = bytearray(dicom_files.zip_of({"IM1": CT}))
    end = astray.rindex(b"PK\x05\x06")
    astray[end + 16 : end + 20] = (0x00FFFFFF).to_bytes(4, "little")
    assert code_of(bytes(astray)) is FailureCode.ARCHIVE_UNREADABLE


def test_a_compression_that_could_ask_for_any_memory() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("IM1", CT)
    assert code_of(buffer.getvalue()) is FailureCode.ARCHIVE_UNREADABLE


def test_an_archive_in_the_archive_stays_closed() -> None:
    inner = dicom_files.zip_of({"../evil": CT})
    outcomes, _ = sort_out({"x.zip": dicom_files.zip_of({"IM1": CT, "inner.zip": inner})})
    assert outcomes["x.zip/inner.zip"] == Ignored("x.zip/inner.zip", IgnoredReason.NESTED_ARCHIVE)


def test_names_of_a_chinese_windows() -> None:
    archive = dicom_files.zip_of({"AAAAAAAA/IM1": CT})
    raw = "测试影像".encode("gbk")
    outcomes, _ = sort_out({"x.zip": archive.replace(b"AAAAAAAA", raw)})
    assert list(outcomes) == ["x.zip/测试影像/IM1"]
