"""Names as they are found: by any group, in pieces, by sound."""

from services.imaging.parse.name_search import name_search, terms_of_pattern


def test_groups_without_carets_blanks_and_case() -> None:
    assert name_search("Wang^XiaoDong=王^小东").key == "wangxiaodong=王小东"


def test_chinese_is_found_by_pinyin_and_initials() -> None:
    assert set(name_search("王小东").sounds.split("=")) >= {"wangxiaodong", "wxd"}
    assert name_search("Smith^John").sounds == ""


def test_a_pattern_s_terms_are_among_the_name_s() -> None:
    terms = set(name_search("Wang^XiaoDong=王^小东").terms)
    for pattern in ("王*", "*小东*", "wang*", "WANG^XIAO*", "?小?", "*", "东"):
        assert set(terms_of_pattern(pattern)) <= terms, pattern
    assert not set(terms_of_pattern("李*")) <= terms
