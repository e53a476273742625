"""A rule set proves itself by the cases in its own data before it may be switched on."""

from dataclasses import dataclass

from services.lab.rules.cases import Expectation, OwnCase
from services.lab.rules.facts import Judgement
from services.lab.rules.judge import judge
from services.lab.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True)
class Failure:
    case: str
    item: str
    expected: str
    found: str


def run_own_cases(rule_set: RuleSet) -> list[Failure]:
    """Empty: it may be switched on. A set without cases has not been proved, and fails."""
    if not rule_set.cases:
        return [Failure(case="", item="", expected="测试用例", found="一个也没有")]
    return [failure for case in rule_set.cases for failure in _run(case, rule_set)]


def _run(case: OwnCase, rule_set: RuleSet) -> list[Failure]:
    previous = {
        item: [(old.at, old.value.measured()) for old in case.previous if old.value.item == item]
        for item in {old.value.item for old in case.previous}
    }
    judged = judge(
        [value.measured() for value in case.values],
        case.subject.subject(),
        previous,
        rule_set,
        at=case.at,
        qc_blocked=frozenset(case.qc_blocked),
        is_first_critical=lambda item: item not in case.known_criticals,
    )
    found = {judgement.item: judgement for judgement in judged}
    return [
        Failure(case.name, expected.item, _expected(expected), _shown(found.get(expected.item)))
        for expected in case.expect
        if _expected(expected) != _shown(found.get(expected.item))
    ]


def _expected(expectation: Expectation) -> str:
    held = ",".join(sorted(expectation.held)) or "-"
    return f"flag={expectation.flag or '-'} held={held} critical={expectation.critical}"


def _shown(judgement: Judgement | None) -> str:
    if judgement is None:
        return "没有判断"
    held = ",".join(sorted(reason.code for reason in judgement.held_by)) or "-"
    return f"flag={judgement.flag or '-'} held={held} critical={judgement.critical is not None}"
