"""The query of a QIDO-RS search (PS3.18 8.3.4, 10.6.1.2) as what the database is asked."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time

from services.imaging.dicomweb.attributes import INSTANCE, MATCHED, SERIES, STUDY, keyword_of, tag_of
from services.imaging.queries.search import Search
from services.imaging.queries.search_terms import Between, Name, Numbers, OneOf, Term
from shared.errors import Unreadable

LEVELS = {STUDY: (STUDY,), SERIES: (STUDY, SERIES), INSTANCE: (STUDY, SERIES, INSTANCE)}
MOST_ROWS = {STUDY: 1000, SERIES: 5000, INSTANCE: 5000}
_MOST_OFFSET = 1_000_000
_MOST_VALUES = 500
_LONGEST_VALUE = 256
_DATES = frozenset({"StudyDate", "PatientBirthDate"})
_TIMES = frozenset({"StudyTime"})
_NUMBERS = frozenset({"SeriesNumber", "InstanceNumber"})
_LISTS = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "SOPClassesInStudy",
                    "ModalitiesInStudy", "Modality"})  # fmt: skip
_DATE = re.compile(r"(\d{4})([.-]?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_WORDS = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept", "charset"})


@dataclass(frozen=True, slots=True)
class Query:
    """``added``: tags that ``includefield`` names; ``adds_all``: it says ``all``. ``unmatched``: attributes by which
    nothing was filtered, which the answer has to say. ``is_capped``: the limit is ours, not the client's."""

    search: Search
    added: frozenset[str]
    adds_all: bool
    unmatched: tuple[str, ...]
    is_capped: bool


def read_query(level: str, items: Iterable[tuple[str, str]]) -> Query:
    """Raises Unreadable ``bad_parameter`` for what is no attribute and for values that cannot be read."""
    pairs = list(items)
    words = {name.lower(): value for name, value in pairs if name.lower() in _WORDS}
    asked = _number(words.get("limit"), "limit", MOST_ROWS[level])
    offset = _number(words.get("offset"), "offset", 0)
    if offset > _MOST_OFFSET:
        raise bad("offset")
    fuzzy = _flag(words.get("fuzzymatching", "false"))
    added, adds_all = _includes(value for name, value in pairs if name.lower() == "includefield")
    terms: dict[str, Term] = {}
    unmatched = []
    for name, value in pairs:
        if name.lower() in _WORDS or value == "":
            continue  # an empty value is universal matching (PS3.4 C.2.2.2.3)
        keyword = _keyword(level, name)
        if keyword is None:
            unmatched.append(name[:64])
        elif (term := _term(keyword, value, fuzzy)) is not None:
            terms[keyword] = term
    limit = min(asked, MOST_ROWS[level])
    search = Search(terms, limit, offset, wants_header=adds_all or bool(added))
    return Query(search, added, adds_all, tuple(unmatched), is_capped=asked >= MOST_ROWS[level])


def bad(name: str) -> Unreadable:
    return Unreadable(f"查询参数 {name[:64]} 无法解析", code="bad_parameter")


def _number(text: str | None, name: str, default: int) -> int:
    if text is None or text == "":
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise bad(name)
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", ""):
        raise bad("fuzzymatching")
    return text.lower() == "true"


def _includes(values: Iterable[str]) -> tuple[frozenset[str], bool]:
    names = [name.strip() for value in values for name in value.split(",")]
    tags, adds_all = set(), False
    for name in filter(None, names):
        if name.lower() == "all":
            adds_all = True
            continue
        tag = tag_of(name.rsplit(".", 1)[0] if "." in name else name)
        if tag is None:
            raise bad("includefield")
        tags.add(tag)
    return frozenset(tags), adds_all


def _keyword(level: str, name: str) -> str | None:
    """None for an attribute that is not matched here; sequences are not looked into."""
    tag = tag_of(name.split(".", 1)[0])
    if tag is None:
        raise bad(name)
    keyword = keyword_of(tag)
    matched = any(keyword in MATCHED[each] for each in LEVELS[level])
    return keyword if matched and "." not in name else None


def _term(keyword: str, value: str, fuzzy: bool) -> Term | None:
    """None for a value that everything matches."""
    if set(value) == {"*"}:
        return None
    if len(value) > _LONGEST_VALUE and keyword not in _LISTS:
        raise bad(keyword)
    if keyword in _DATES:
        return Between(*_range(keyword, value, _day, _day))
    if keyword in _TIMES:
        return Between(*_range(keyword, value, _earliest, _latest))
    if keyword == "PatientName":
        return Name(value, fuzzy)
    values = re.split(r"[\\,]", value) if keyword in _LISTS else value.split("\\")
    values = [each.strip() for each in values if each.strip()]
    if not values or len(values) > _MOST_VALUES:
        raise bad(keyword)
    if keyword in _NUMBERS:
        if not all(re.fullmatch(r"[+-]?\d{1,9}", each) for each in values):
            raise bad(keyword)
        return Numbers([int(each) for each in values])
    return OneOf(values)


Read = Callable[[str], date | time | None]


def _range(keyword: str, value: str, first: Read, last: Read) -> tuple[date | time | None, date | time | None]:
    """``a-b``, ``a-``, ``-b`` or one value (PS3.4 C.2.2.2.5); a time without seconds means the whole minute."""
    low, _, high = (value, "", value) if first(value) else value.partition("-")
    ends = first(low) if low else None, last(high) if high else None
    if (low and ends[0] is None) or (high and ends[1] is None) or not (low or high):
        raise bad(keyword)
    return ends


def _day(text: str) -> date | None:
    match = _DATE.fullmatch(text.strip())
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def _earliest(text: str) -> time | None:
    return _clock(text, ("00", "00", "000000"))


def _latest(text: str) -> time | None:
    return _clock(text, ("59", "59", "999999"))


def _clock(text: str, missing: tuple[str, str, str]) -> time | None:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    minute, second = (match[n] or missing[n - 2] for n in (2, 3))
    fraction = (match[4] or "").ljust(6, missing[2][0])
    try:
        return time(int(match[1]), int(minute), min(int(second), 59), int(fraction))
    except ValueError:
        return None
