"""Reading back: how it is written does not matter, what it says does."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reading.workflow.criticals.read_back import is_right

POTASSIUM = {"text": "血钾 6.8 mmol/L，危急高值（参考 3.5-5.3）", "value": "6.8", "unit": "mmol/L"}
PLATELETS = {"text": "血小板 9×10⁹/L", "value": "9", "unit": "10^9/L"}
LUNG = {"text": "左侧大量张力性气胸，纵隔右移"}


@pytest.mark.parametrize(
    "typed",
    ["6.8", "6.80", "06.8", " ６．８ ", "6。8", "血钾6.8", "钾 6.8 MMOL/L", "6.8mmol／l", "血钾6.80毫摩尔/升",
     "收到，血钾 6.8", "血钾：6.8 mmol/L。", "血钾6.8mmol/L,危急高值"],
)  # fmt: skip
def test_a_value_may_be_written_in_many_ways(typed: str) -> None:
    assert is_right(typed, **POTASSIUM)


@pytest.mark.parametrize(
    "typed",
    ["", "。", "68", "6.9", "16.8", "6.88", "-6.8", "<6.8", "6.8 7", "6 8", "血钾", "危急高值", "参考3.5-5.3", "3.5",
     "血钠6.8", "6.8 g/L", "八点六", "86", "0.68"],
)  # fmt: skip
def test_another_number_name_or_unit_is_wrong(typed: str) -> None:
    assert not is_right(typed, **POTASSIUM)


def test_powers_of_ten_are_part_of_the_unit() -> None:
    for typed in ("9", "9x10^9/L", "血小板9*10^9/L", "9 ×10⁹/l", "9 10*9/L", "9×109/L"):
        assert is_right(typed, **PLATELETS), typed
    for typed in ("99", "9×10^8/L", "9×10^12/L", "10"):
        assert not is_right(typed, **PLATELETS), typed


def test_a_finding_in_words_is_read_back_by_whole_clauses() -> None:
    for typed in ("左侧大量张力性气胸", "左侧大量张力性气胸 纵隔右移", "左侧大量张力性气胸,纵隔右移。"):
        assert is_right(typed, **LUNG), typed
    for typed in ("右侧大量张力性气胸", "气胸", "大量张力性气胸", "纵隔右移左侧大量张力性气胸"):
        assert not is_right(typed, **LUNG), typed


def test_results_that_are_no_plain_number() -> None:
    assert is_right("＜0.5", text="肌酐 <0.5", value="<0.5")
    assert not is_right("0.5", text="肌酐 <0.5", value="<0.5")
    assert not is_right(">0.5", text="肌酐 <0.5", value="<0.5")
    assert is_right("BE -5.20", text="BE -5.2", value="-5.2")
    assert not is_right("5.2", text="BE -5.2", value="-5.2")
    assert is_right("阳性", text="血培养 阳性", value="阳性")
    assert not is_right("阴性", text="血培养 阳性", value="阳性")
    assert is_right("1200", text="CK 1,200 U/L", value="1200", unit="U/L")


@given(st.decimals(min_value=0, max_value=10000, places=2), st.decimals(min_value=0, max_value=10000, places=2))
def test_no_other_number_ever_passes(sent: Decimal, typed: Decimal) -> None:
    assert is_right(str(typed), text=f"血糖 {sent} mmol/L", value=str(sent), unit="mmol/L") == (sent == typed)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_answered(typed: str) -> None:
    assert is_right(typed, **POTASSIUM) in (True, False)
