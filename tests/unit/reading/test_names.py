"""One name, however a machine without Chinese input writes it."""

import pytest

from shared.reading.workflow.names import is_same_name


@pytest.mark.parametrize(
    ("ordered", "shown", "same"),
    [
        ("测试甲", "CE^SHI^JIA", True),
        ("测试甲", "SHI JIA CE", True),
        ("测试甲", "Ceshijia=测试^甲", True),
        ("吕四", "LV^SI", True),
        ("吕四", "LU SI", True),
        ("单一", "SHAN^YI", True),
        ("测试甲", "CE^SHI^YI", False),
        ("测试甲", "测试^乙", False),
        ("Test Jia", "TEST^JIA", True),
        ("测试甲", "", True),
    ],
)
def test_names_are_one_by_sound_too(ordered: str, shown: str, same: bool) -> None:
    assert is_same_name(ordered, shown) is same
