"""Person names as they are searched: by any component group, and by sound where they are Chinese.

A name is kept as its groups without ``^``, blanks and case: ``Wang^XiaoDong=王^小东`` → ``wangxiaodong=王小东``.
PostgreSQL may come without pg_trgm, which in any case splits no Chinese: one and two characters in a row are the
terms of a GIN index, and whatever the index finds is then compared.
"""

import itertools
import re
from dataclasses import dataclass

from pypinyin import Style, pinyin

from services.imaging.parse.person_name import has_chinese

_GAPS = re.compile(r"[\s^]+")
_WILD = re.compile(r"[*?]+")
_LONGEST_NAME = 192
_MOST_READINGS = 8


@dataclass(frozen=True, slots=True)
class NameSearch:
    """``key``: the groups; ``sounds``: full pinyin and initials; ``terms``: what both are found by."""

    key: str
    sounds: str
    terms: list[str]


def name_search(name: str) -> NameSearch:
    """``name`` is a whole PN of up to three groups."""
    groups = [group for group in (plain(group) for group in name[:_LONGEST_NAME].split("=")) if group]
    sounds = [sound for group in groups for sound in _sounds(group)]
    found = sorted({term for text in (*groups, *sounds) for size in (1, 2) for term in _runs(text, size)})
    return NameSearch("=".join(groups), "=".join(dict.fromkeys(sounds)), found)


def plain(text: str) -> str:
    return _GAPS.sub("", text).casefold()


def terms_of_pattern(pattern: str) -> list[str]:
    """The terms that any name matching the pattern has; ``*`` and ``?`` stand for what is not known."""
    literals = _WILD.split(plain(pattern))
    return sorted({term for text in literals for term in _runs(text, min(2, len(text) or 1))})


def _runs(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(len(text) - size + 1)]


def _sounds(group: str) -> list[str]:
    """单甲 → danjia, shanjia, dj, sj: characters with several readings give each combination, up to a bound."""
    if not has_chinese(group):
        return []
    readings = pinyin(group[:32], style=Style.NORMAL, heteronym=True)
    combinations = list(itertools.islice(itertools.product(*readings), _MOST_READINGS))
    initials = ["".join(syllable[:1] for syllable in each) for each in combinations]
    return list(dict.fromkeys([*("".join(each) for each in combinations), *initials]))
