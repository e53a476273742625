"""Whether one person may release a case: every rule let everything pass, and somebody stands for that (WS/T 616)."""

from collections.abc import Sequence

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.models import Authorisation, Result
from services.lab.queries import authorisations, policies, quality_control, results
from services.lab.queries.rule_sets import digest_of, proves_itself, shipped
from services.lab.report_form.evidence import StandingAuthorisation
from services.lab.report_form.form import LabForm
from shared import directory
from shared.auth import SYSTEM
from shared.db import Session
from shared.reading.form import CaseFacts
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.queries import cases


async def authorisation_of(session: Session, facts: CaseFacts, form: LabForm) -> StandingAuthorisation | None:
    """What lets the case's author release it by himself: ``AuthorisationOf`` of services/lab/reading_form.py.

    The laboratory's policy says so; the rule set in force was switched on by a person and passes its own cases; every
    value is final, passes, is neither critical nor diagnostic, and its control is not out; nobody warned of anything or
    wrote anything into the report; and an authorisation that holds now names every item. None for all else.
    """
    case = await cases.see(session, SYSTEM, facts.case_id)
    laboratory_id = case.reading_site_id or ""
    policy = await policies.policy_of(session, laboratory_id)
    if policy is None or not policy.releases_alone or form != LabForm() or not _is_plain(case):
        return None
    rule_set = await _rule_set_in_force(session, laboratory_id)
    rows = await results.current_of(session, case.case_id)
    if rule_set is None or not rows or not all(_passes(row, rule_set) for row in rows):
        return None
    blocked = await quality_control.blocked(session, laboratory_id)
    if any((row.analyzer, row.item) in blocked for row in rows):
        return None
    for each in await authorisations.holding(session, laboratory_id, rule_set, digest_of(rule_set)):
        if await _covers(session, each, rows):
            return StandingAuthorisation(each.authorisation_id, each.given_by_name, rule_set)
    return None


def _is_plain(case: Case) -> bool:
    """A first report of whole results that nobody doubts. What was released before is amended by two."""
    return (
        case.state == State.claimed
        and case.waited_in == State.resulted
        and case.completed_at is not None
        and case.signed_at is None
        and not case.warnings
        and not case.cancel_requested
    )


async def _rule_set_in_force(session: Session, laboratory_id: str) -> str | None:
    """Its key. The region's own, which holds by default, nobody has answered for; nor for changed data."""
    state = await policies.active_rule_set(session, laboratory_id)
    if state is None or state.rule_set not in shipped() or digest_of(state.rule_set) != state.digest:
        return None
    return state.rule_set if proves_itself(state.rule_set) else None


def _passes(row: Result, rule_set: str) -> bool:
    judgement, item = results.judgement_of(row), load_catalogue().item(row.item)
    return (
        judgement is not None
        and judgement.passes
        and judgement.critical is None
        and judgement.flag not in ("LL", "HH")
        and judgement.rule_set == rule_set
        and row.status == "final"
        and item is not None
        and not item.diagnostic
    )


async def _covers(session: Session, given: Authorisation, rows: Sequence[Result]) -> bool:
    """Whoever gave it has to be there to answer for it: an account that was closed stands for nothing."""
    if not {row.item for row in rows} <= set(given.items):
        return False
    account = await directory.account(session, given.given_by)
    return account is not None and account.active and account.org_id == given.laboratory_id
