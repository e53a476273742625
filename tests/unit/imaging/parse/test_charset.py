"""Names arrive right, declared or not."""

import pytest

from services.imaging.parse.charset import TextDecoder, codec_of
from services.imaging.parse.person_name import parse_person_name
from services.imaging.parse.remark import Remark
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import read


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192"])
def test_declared_character_sets(charset: str) -> None:
    instance = read(dicom_files.ct(rows=4, columns=4, charset=charset), default_charset=None)
    assert (instance.patient.name, instance.institution) == ("测试甲", "测试卫生院")
    assert instance.remarks == ()


def test_iso_2022_ir_58_with_escape_sequences() -> None:
    # PS3.5 K.3: each component designates GB 2312 anew.
    name = b"Ce^Shi=\x1b$)A" + "测试".encode("gb2312") + b"^\x1b$)A" + "甲".encode("gb2312")
    instance = read(_with_name(name, charset=["", "ISO 2022 IR 58"]), default_charset=None)
    assert (instance.patient.name, instance.patient.name_text) == ("测试甲", "Ce^Shi=测试^甲")
    assert instance.remarks == ()


@pytest.mark.parametrize("charset", [None, "ISO_IR 100", "ISO_IR 6"])
@pytest.mark.parametrize("codec", ["gbk", "gb18030", "utf-8"])
def test_undeclared_names_are_read_by_the_clinics_default(charset: str | None, codec: str) -> None:
    instance = read(_with_name("测试甲".encode(codec), charset=charset), default_charset="GB18030")
    assert instance.patient.name == "测试甲"
    assert instance.remarks == (Remark.CHARSET_ASSUMED,)
    assert instance.charset_assumed == ("ISO_IR 192" if codec == "utf-8" else "GB18030")


def test_utf8_declared_and_gbk_written_is_remarked() -> None:
    instance = read(_with_name("测试甲".encode("gbk"), charset="ISO_IR 192"))
    assert instance.patient.name == "测试甲"
    assert set(instance.remarks) == {Remark.CHARSET_ASSUMED, Remark.CHARSET_INVALID}


def test_without_a_default_undeclared_bytes_still_give_a_text() -> None:
    instance = read(_with_name("测试甲".encode("gbk"), charset=None), default_charset=None)
    assert instance.patient.name
    assert instance.remarks == (Remark.CHARSET_INVALID,)


def test_a_second_byte_that_is_a_backslash_or_a_caret_divides_nothing() -> None:
    # 乗 is 81 5C, 乛 is 81 5E in GBK.
    assert "乗".encode("gbk") == b"\x81\x5c" and "乛".encode("gbk") == b"\x81\x5e"
    instance = read(_with_name("测^乗乛".encode("gbk"), charset="GB18030"))
    assert instance.patient.name_text == "测^乗乛"


def test_western_names_stay_western_in_a_chinese_clinic() -> None:
    decoder = TextDecoder(["ISO_IR 100"], "GB18030", set())
    assert decoder.decode("Müller^Jürgen".encode("latin-1")) == "Müller^Jürgen"
    assert decoder.assumed is None


def test_a_forgotten_escape_before_chinese_is_no_western_text() -> None:
    decoder = TextDecoder(["", "ISO 2022 IR 58"], None, set())
    assert decoder.decode("=测试甲".encode("gb2312")) == "=测试甲"


def test_an_unknown_character_set_is_remarked() -> None:
    remarks: set[Remark] = set()
    assert TextDecoder(["KLINGON"], "GB18030", remarks).decode("测试".encode("gbk")) == "测试"
    assert remarks == {Remark.CHARSET_UNKNOWN, Remark.CHARSET_ASSUMED}


def test_misspelt_terms_are_understood() -> None:
    assert codec_of("ISO-IR_192") == codec_of("utf-8") == "UTF8"
    assert codec_of("gb2312") == codec_of("GBK") == "gb18030"
    assert codec_of("KLINGON") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zhang^San=张^三", "张三"),
        ("张^三", "张三"),
        ("张三", "张三"),
        ("Zhang^San", "Zhang San"),
        ("Zhang^San^^Dr=", "Dr Zhang San"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎"),
        ("", ""),
        ("^^^^^^=^^=", ""),
    ],
)
def test_the_name_to_show(text: str, shown: str) -> None:
    assert parse_person_name(text).display == shown


def _with_name(name: bytes, charset: str | list[str] | None) -> bytes:
    file = dicom_files.ct(rows=4, columns=4, charset=charset, name=dicom_files.PLACEHOLDER.decode())
    return dicom_files.with_raw_name(file, name)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("=测试^丁", {"Alphabetic": "测试^丁", "Ideographic": "测试^丁"}),  # OHIF shows the alphabetic group alone
        ("CE^SHI=测试^乙", {"Alphabetic": "CE^SHI", "Ideographic": "测试^乙"}),
        ("==phonetic", {"Phonetic": "phonetic"}),
        ("", {}),
    ],
)
def test_no_viewer_shows_a_name_as_none(text: str, groups: dict[str, str]) -> None:
    assert parse_person_name(text).to_json() == groups
