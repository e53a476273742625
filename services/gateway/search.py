"""Search by any part of a name, its pinyin or a number: n-grams in a ``text[]`` under GIN, since PostgreSQL may come
without pg_trgm, which in any case splits no Chinese.

A word is found when all its grams of the greatest length are there; the text is then looked at to be sure.
"""

import itertools
from collections.abc import Iterable

from pypinyin import Style, pinyin

LONGEST_GRAM = 3
_LONGEST_TEXT = 128
_MOST_READINGS = 8


def search_text(name: str, others: Iterable[str | None]) -> str:
    """What may be searched, one entry a line, in lower case: the name, its readings, initials, and ``others``."""
    lines = [name, *readings(name), *(other for other in others if other)]
    cleaned = (" ".join(line.casefold().split())[:_LONGEST_TEXT] for line in lines)
    return "\n".join(dict.fromkeys(line for line in cleaned if line))


def readings(name: str) -> list[str]:
    """Full pinyin and initials: 单甲 → danjia, shanjia, chanjia, dj, sj, cj. Characters with several readings (many
    surnames have one of their own) give each combination, up to a bound."""
    if name.isascii():
        return []
    syllables = pinyin(name[:_LONGEST_TEXT], style=Style.NORMAL, heteronym=True)
    combinations = list(itertools.islice(itertools.product(*syllables), _MOST_READINGS))
    full = ["".join(combination) for combination in combinations]
    initials = ["".join(syllable[:1] for syllable in combination) for combination in combinations]
    return list(dict.fromkeys([*full, *initials]))


def grams(text: str) -> list[str]:
    """Every run of 1 … 3 characters of each line, without repeats, sorted."""
    found = {
        line[start : start + length]
        for line in text.split("\n")
        for length in range(1, LONGEST_GRAM + 1)
        for start in range(len(line) - length + 1)
    }
    return sorted(found)


def words(query: str) -> list[str]:
    """The words of a query, each of which must be found."""
    return query.casefold().split()


def grams_of_word(word: str) -> list[str]:
    """Those a record must have to hold ``word``: the longest ones imply the shorter."""
    length = min(LONGEST_GRAM, len(word))
    return sorted({word[start : start + length] for start in range(len(word) - length + 1)})
