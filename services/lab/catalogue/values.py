"""What the text of a result says. A number, words, no value, or something that a person must look at."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.lab.catalogue.items import Item, Kind

Comparator = Literal["", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Number:
    """``flags``: what stood behind the number ("12.3 H")."""

    value: Decimal
    comparator: Comparator = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class NoValue:
    """The analyzer says that there is none: empty, "-", "----", "****"."""

    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A number written so that it could be two (12,3), or too long to be one."""

    text: str


Value = Number | Words | NoValue | Unreadable

_NOTHING = re.compile(r"[-*.?_=/#\s]*")
_NUMBER = re.compile(
    r"(?P<sign><=|>=|=<|=>|≤|≥|<|>)?\s*(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)"
    r"(?:\s*(?P<flag>[↑↓*]+)|\s+(?P<word>HH|LL|H|L|A|N))?"
)
_WITH_COMMA = re.compile(r"(?:<=|>=|≤|≥|<|>)?\s*[+-]?[0-9]*[,，、'][0-9]+.*")
_COMPARATORS: dict[str, Comparator] = {
    "<": "<", ">": ">", "<=": "<=", "=<": "<=", "≤": "<=", ">=": ">=", "=>": ">=", "≥": ">=",
}  # fmt: skip
_LONGEST_NUMBER = 32

GRADES = ("阴性", "±", "1+", "2+", "3+", "4+")
POSITIVE = "阳性"
_GRADE_OF = {
    **dict.fromkeys(("阴性", "neg", "negative", "(-)", "阴性(-)", "-阴性", "未检出", "未见", "nonreactive",
                     "non-reactive", "notdetected", "无反应性"), "阴性"),
    **dict.fromkeys(("±", "+-", "(±)", "(+-)", "弱阳性", "弱阳性(±)", "可疑", "trace", "±0", "弱阳性(+-)"), "±"),
    **dict.fromkeys(("1+", "+1", "+", "(+)", "(1+)", "阳性(+)", "阳性(1+)", "阳性1+"), "1+"),
    **dict.fromkeys(("2+", "+2", "++", "(++)", "(2+)", "阳性(++)", "阳性(2+)", "阳性2+"), "2+"),
    **dict.fromkeys(("3+", "+3", "+++", "(+++)", "(3+)", "阳性(+++)", "阳性(3+)", "阳性3+"), "3+"),
    **dict.fromkeys(("4+", "+4", "++++", "(++++)", "(4+)", "阳性(++++)", "阳性(4+)", "阳性4+"), "4+"),
    **dict.fromkeys(("阳性", "pos", "positive", "reactive", "detected", "有反应性", "检出"), POSITIVE),
}  # fmt: skip


def read_value(text: str, item: Item) -> Value:
    """Full-width digits and signs are read as ASCII. A comma inside a number is refused: 1,234 or 1.234 nobody knows.

    An ordinal or text item keeps the words as they were sent, numbers included ("1:40"); ``grade`` gives them order.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NOTHING.fullmatch(plain):
        return NoValue(text)
    if item.kind is not Kind.quantity:
        return Words(plain)
    if match := _NUMBER.fullmatch(plain):
        if len(match["number"]) > _LONGEST_NUMBER:
            return Unreadable(text)
        flags = tuple(flag for flag in (match["flag"], match["word"]) if flag)
        return Number(Decimal(match["number"]), _COMPARATORS.get(match["sign"] or "", ""), flags)
    if _WITH_COMMA.fullmatch(plain):
        return Unreadable(text)
    return Words(plain)


def grade(text: str) -> str | None:
    """One of ``GRADES`` or 阳性 (how strongly is not said); None for words that are no grade."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return _GRADE_OF.get("".join(plain.split()))
