"""The rule sets this version ships, and the one a laboratory has switched on."""

import hashlib
from functools import cache

from services.lab.queries.policies import active_rule_set
from services.lab.rules.own_cases import run_own_cases
from services.lab.rules.rule_set import DATA, RuleSet, load_rule_set
from shared.db import Session


@cache
def _files() -> dict[str, tuple[RuleSet, str]]:
    found = {}
    for path in sorted(DATA.glob("*.json")):
        rules = load_rule_set(path.stem)
        found[rules.key] = (rules, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def shipped() -> dict[str, RuleSet]:
    """By name@version. Raises pydantic's ValidationError for data that contradicts itself."""
    return {key: rules for key, (rules, _) in _files().items()}


def digest_of(key: str) -> str:
    """Of the file: a set that was changed under its version is another one."""
    return _files()[key][1]


@cache
def proves_itself(key: str) -> bool:
    """Whether this version's code and data still agree with the set's own cases: some 30 ms, once a process."""
    return not run_own_cases(shipped()[key])


@cache
def default_rules() -> RuleSet:
    return load_rule_set()


async def active_rules(session: Session, laboratory_id: str) -> RuleSet | None:
    """The region's own where nobody has switched one on. None where what was switched on is no longer what is shipped:
    then every result waits for a person."""
    state = await active_rule_set(session, laboratory_id)
    if state is None:
        return default_rules()
    if state.rule_set not in shipped() or digest_of(state.rule_set) != state.digest:
        return None
    return shipped()[state.rule_set]
