import pytest

from shared.paper.fonts import missing_characters, sheet_fonts


def test_only_the_packaged_fonts_are_used() -> None:
    assert set(sheet_fonts().families()) == {"Noto Sans SC", "Noto Serif SC"}


@pytest.mark.parametrize("text", ["测试甲 Test 123", "䶮㛃\U0002ca02", "±≥×°℃→↑↓★①Ⅲ²½“”……——", "a\n\tb\u3000"])
def test_what_reports_are_written_with_is_there(text: str) -> None:
    assert missing_characters(text) == ()


def test_missing_characters_are_named_once_each_in_order() -> None:
    assert missing_characters("𠮷甲😀𠮷\x07") == ("𠮷", "😀", "\x07")
