"""External quality assessment (室间质评): the score of a round, and whether an item's results may be recognised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

_TWO, _THREE = Decimal(2), Decimal(3)


class EqaVerdict(StrEnum):
    passed = "passed"
    questionable = "questionable"
    failed = "failed"


@dataclass(frozen=True, slots=True)
class EqaScore:
    """``z`` where the scheme gives an SD; ``deviation_percent`` None where the target is 0."""

    verdict: EqaVerdict
    deviation: Decimal
    deviation_percent: Decimal | None
    z: Decimal | None


def eqa_score(
    value: Decimal, target: Decimal, *, sd: Decimal | None = None, allowable: Decimal | None = None
) -> EqaScore:
    """By z (|z| ≤ 2 passed, < 3 questionable: ISO 13528) or by allowable error in the item's unit (WS/T 644).

    Exactly one of ``sd`` and ``allowable``, above 0; else ValueError.
    """
    measure = sd if allowable is None else allowable
    if (sd is None) == (allowable is None) or measure is None or measure <= 0:
        raise ValueError("one of sd and allowable, above 0")
    deviation = value - target
    percent = deviation / abs(target) * 100 if target else None
    if sd is None:
        verdict = EqaVerdict.passed if abs(deviation) <= measure else EqaVerdict.failed
        return EqaScore(verdict, deviation, percent, None)
    z = deviation / sd
    if abs(z) <= _TWO:
        return EqaScore(EqaVerdict.passed, deviation, percent, z)
    verdict = EqaVerdict.questionable if abs(z) < _THREE else EqaVerdict.failed
    return EqaScore(verdict, deviation, percent, z)


@dataclass(frozen=True, slots=True)
class EqaResult:
    """One item in one round of a scheme. ``[valid_from, valid_to)``: how long a pass counts."""

    item: str
    scheme: str
    verdict: EqaVerdict
    valid_from: datetime
    valid_to: datetime


def recognisable(item: str, results: Iterable[EqaResult], at: datetime) -> bool:
    """The newest result of each scheme that had begun at ``at`` decides: one that failed ends an earlier pass.

    True where at least one scheme is passed and still valid, and none has failed. Questionable is no pass.
    """
    newest: dict[str, EqaResult] = {}
    for result in results:
        if result.item == item and result.valid_from <= at:
            known = newest.get(result.scheme)
            if known is None or known.valid_from < result.valid_from:
                newest[result.scheme] = result
    valid = [result for result in newest.values() if at < result.valid_to]
    return bool(valid) and all(result.verdict is EqaVerdict.passed for result in valid)
