from hypothesis import given
from hypothesis import strategies as st

from services.gateway.search import grams, grams_of_word, readings, search_text, words


def test_a_name_is_found_by_pinyin_and_initials() -> None:
    assert {"ceshijia", "csj"} <= set(readings("测试甲"))


def test_a_surname_with_a_reading_of_its_own_is_found_by_it() -> None:
    assert {"shanjia", "sj", "danjia", "dj"} <= set(readings("单甲"))


def test_a_name_in_latin_letters_has_no_other_reading() -> None:
    assert readings("Test Jia") == []


def test_combinations_of_readings_are_bounded() -> None:
    assert len(readings("和" * 40)) <= 16


def test_the_text_is_folded_and_says_nothing_twice() -> None:
    assert search_text("AB", [None, "", " x  Y ", "x y", "ab"]) == "ab\nx y"


def test_a_query_is_split_into_words() -> None:
    assert words("  测试 CT\t头 ") == ["测试", "ct", "头"]


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() != ""), st.data())
def test_every_part_of_a_text_has_all_its_grams_in_it(name: str, data: st.DataObject) -> None:
    text = search_text(name, [])
    for line in text.split("\n"):
        if not line:
            continue
        start = data.draw(st.integers(0, len(line) - 1))
        end = data.draw(st.integers(start + 1, len(line)))
        assert set(grams_of_word(line[start:end])) <= set(grams(text))
