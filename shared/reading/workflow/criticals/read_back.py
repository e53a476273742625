"""Is what the receiver typed what was found? Blanks, punctuation, width, case, spelling of units and the way a number
is written do not matter; a number that differs, another side or another analyte do. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SAID_BESIDES = ("已收到", "收到", "复述", "危急值", "结果", "数值", "知道了", "为", "是", "的")
_SPELLINGS = (
    ("微摩尔", "umol"), ("毫摩尔", "mmol"), ("纳摩尔", "nmol"), ("微克", "ug"), ("毫克", "mg"), ("毫升", "ml"),
    ("毫米汞柱", "mmhg"), ("毫伏", "mv"), ("毫秒", "ms"), ("毫米", "mm"), ("厘米", "cm"), ("秒钟", "秒"),
    ("sec", "s"), ("秒", "s"), ("次每分", "次/分"), ("次/分钟", "次/分"), ("次/min", "次/分"), ("bpm", "次/分"),
    ("摩尔", "mol"), ("每升", "/l"), ("/升", "/l"), ("克/l", "g/l"), ("百分之", "%"),
)  # fmt: skip
_POWER = re.compile(r"(?:[x×*]\s*|\b)10\s*(?:\^|\*{1,2}|e)\s*(\d{1,2})(?=\s*/)|[x×]\s*10(\d{1,2})(?=\s*/)")
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?|(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?"
    r"|\.\d+)|(?P<sign>[<>+%])|(?P<word>[^\W\d_一-鿿]+)|(?P<letter>[一-鿿])|(?P<end>[,;:。、!?()\n])"
)
_END = "\n"


def is_right(typed: str, *, text: str, value: str | None = None, unit: str | None = None) -> bool:
    """``text``: the finding as it was sent. Right is a whole clause of it or several in a row. Where there is a
    ``value`` it has to be among what was typed, and is enough, with or without the name and unit."""
    said, sent, result = _words(typed), _clauses(text), _words(value or "")
    if not said or not _contains(said, result):
        return False
    if any(said == list(chain(*sent[first:last])) for last in range(1, len(sent) + 1) for first in range(last)):
        return True
    if not result:
        return False
    whole = [*chain(*sent), *result, *_words(unit or "")]
    return _without_words(said) == _without_words(result) and _contains(said, result) and _is_among(said, whole)


def _words(text: str) -> list[str]:
    return [token for token in _tokens(text) if token != _END]


def _clauses(text: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for token in _tokens(text):
        if token == _END:
            found.append([])
        else:
            found[-1].append(token)
    return [clause for clause in found if clause]


def _tokens(text: str) -> list[str]:
    tokens = []
    for match in _TOKEN.finditer(_plain(text)):
        number = match["number"]
        if number is not None:
            tokens.append(_number(number))
        else:
            tokens.append(_END if match["end"] else match[0])
    return tokens


def _number(text: str) -> str:
    """``6.80``, ``06.8`` and ``6.8`` are one number; nothing is rounded."""
    return format(Decimal(text.replace(",", "")).normalize(), "f")


def _plain(text: str) -> str:
    raised = re.sub(r"(?<=10)[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text)
    plain = unicodedata.normalize("NFKC", raised).casefold().replace("μ", "u").replace("≤", "<").replace("≥", ">")
    plain = re.sub(r"[−–—﹣]", "-", plain)
    plain = re.sub(r"(?<=\d)\s*。\s*(?=\d)", ".", plain)  # the decimal point of a Chinese keyboard
    for word in _SAID_BESIDES:
        plain = plain.replace(word, " ")
    for spelling, usual in _SPELLINGS:
        plain = plain.replace(spelling, usual)
    return _POWER.sub(_power, plain)


def _power(match: re.Match[str]) -> str:
    """A power of ten is part of the unit: as a word of its own it is no number of the result."""
    return " ten" + "".join("abcdefghij"[int(digit)] for digit in match[1] or match[2]) + " "


def _without_words(tokens: Sequence[str]) -> list[str]:
    """Numbers and signs alone: what may never differ."""
    return [each for each in tokens if not each[0].isalpha() and each != "%"]


def _contains(tokens: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(list(tokens[at : at + len(wanted)]) == list(wanted) for at in range(len(tokens) + 1))


def _is_among(said: Sequence[str], whole: Sequence[str]) -> bool:
    """In the order of the finding, and nothing that is not in it."""
    rest = iter(whole)
    return all(token in rest for token in said)
