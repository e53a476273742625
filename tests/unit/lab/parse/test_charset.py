import pytest

from services.lab.parse.charset import ASSUMED, decode
from services.lab.parse.message import RejectCode, Rejected

TEXT = "PID|1||||测试^甲||OBX|阳性"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("UNICODE UTF-8", "utf-8"), ("UNICODE", "utf-8"), ("GB 18030-2000", "gb18030"), ("GBK", "gb18030")],
)
def test_what_is_declared_and_true_needs_no_remark(declared: str, codec: str) -> None:
    decoded = decode(TEXT.encode(codec), declared)
    assert (decoded.text, decoded.charset, decoded.remarks) == (TEXT, codec, ())


@pytest.mark.parametrize("declared", ["ASCII", "", "8859/1", "UNICODE UTF-8", "GB18030"])
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_chinese_is_read_whatever_the_header_says(declared: str, codec: str) -> None:
    decoded = decode(TEXT.encode(codec), declared)
    assert decoded.text == TEXT
    true = (declared, codec) in {("UNICODE UTF-8", "utf-8"), ("GB18030", "gb18030")}
    assert (ASSUMED in decoded.remarks) is not true


def test_the_senders_setting_decides_where_nothing_is_declared() -> None:
    decoded = decode(TEXT.encode("gb18030"), "", "GB18030")
    assert (decoded.text, decoded.remarks) == (TEXT, ())


def test_latin_micro_sign_is_no_chinese() -> None:
    assert decode("12 µmol/L".encode("latin-1"), "8859/1").text == "12 µmol/L"
    assert decode("12 µmol/L".encode("latin-1"), "ASCII").text == "12 µmol/L"


def test_an_unknown_set_is_refused_only_where_the_bytes_need_it() -> None:
    assert decode(b"plain", "KLINGON").text == "plain"
    with pytest.raises(Rejected) as refused:
        decode(b"\xe9t\xe9", "KLINGON")
    assert refused.value.code == RejectCode.charset


def test_padding_of_nul_goes() -> None:
    assert decode(b"a\0b", "").text == "ab"
