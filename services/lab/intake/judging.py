"""What the rules are told of a case besides its values: who it is, what was measured before, which controls failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.lab.intake.earlier import earlier_values
from services.lab.models import Result, Specimen
from services.lab.queries import quality_control, specimens
from services.lab.queries.rule_sets import active_rules
from services.lab.rules.delta import Earlier
from services.lab.rules.facts import Judgement, Measured, Subject
from services.lab.rules.judge import judge
from services.lab.rules.rule_set import RuleSet
from shared.clock import to_shanghai
from shared.db import Session, database_now
from shared.events.case import Card
from shared.reading.models import Case

_LOOKS_BACK = timedelta(days=3650)
_STAY = timedelta(days=7)  # a critical value of the last week: the ward knows, the loop does not ring again
_DAYS = {"Y": 365.0, "M": 30.44, "W": 7.0, "D": 1.0}


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything a judgement of this case needs. ``rang``: items whose critical was told within the stay."""

    rules: RuleSet
    subject: Subject
    at: datetime
    previous: Mapping[str, Earlier]
    rang: frozenset[str]
    blocked: frozenset[tuple[str, str]]

    def judge(self, values: Sequence[Measured]) -> tuple[Judgement, ...]:
        """In the order of ``values``, one an item."""
        return judge(
            values,
            self.subject,
            self.previous,
            self.rules,
            at=self.at,
            qc_blocked=self.blocked,
            is_first_critical=lambda item: item not in self.rang,
        )


async def bench_of(session: Session, case: Case, rows: Sequence[Result]) -> Bench | None:
    """None where the laboratory has no rule set switched on."""
    laboratory_id = case.reading_site_id or ""
    rules = await active_rules(session, laboratory_id)
    if rules is None:
        return None
    at = await _moment(session, await specimens.of_cases(session, [case.case_id]))
    previous: dict[str, list[tuple[datetime, Measured]]] = {}
    rang: set[str] = set()
    for earlier in await earlier_values(session, case, [row.item for row in rows], since=at - _LOOKS_BACK):
        item = earlier.row.item
        previous.setdefault(item, []).append((earlier.at, earlier.measured))
        if earlier.row.judgement.get("critical") and earlier.at >= at - _STAY:
            rang.add(item)
    return Bench(
        rules=rules,
        subject=subject_of(case, at),
        at=at,
        previous=previous,
        rang=frozenset(rang),
        blocked=await quality_control.blocked(session, laboratory_id),
    )


async def _moment(session: Session, tubes: Sequence[Specimen]) -> datetime:
    """When the first specimen was taken, else when it came."""
    taken = [each.collected_at or each.received_at for each in tubes]
    known = [moment for moment in taken if moment is not None]
    return min(known) if known else await database_now(session)


def subject_of(case: Case, at: datetime) -> Subject:
    card = Card.model_validate(case.card)
    patient = card.patient
    age_days = None
    if patient.birth_date is not None:
        age_days = _age_days(patient.birth_date, to_shanghai(at).date())
    elif patient.age:
        age_days = round(int(patient.age[:-1]) * _DAYS[patient.age[-1]])
    return Subject(
        sex=patient.sex if patient.sex in ("M", "F") else "",
        age_days=age_days,
        department=(card.encounter.department if card.encounter else None) or "",
        site=case.reading_site_id or "",
    )


def _age_days(born: date, on: date) -> int:
    """As the rules count: a year of age is 365 days and begins on the birthday, so that nobody is judged as sixty
    fifteen leap days too soon. Born on 29 February, a year is over on 1 March."""
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if years < 1:
        return max((on - born).days, 0)
    leapling = (born.month, born.day) == (2, 29)
    birthday = date(born.year + years, 3, 1) if leapling else born.replace(year=born.year + years)
    return years * 365 + min(max((on - birthday).days, 0), 364)
