"""All suggestions of one recording, rhythm first."""

from services.ecg.rules.facts import Analysis, PatientContext, Suggestion
from services.ecg.rules.statements.conduction import conduction
from services.ecg.rules.statements.limits import limits_of
from services.ecg.rules.statements.repolarization import repolarization
from services.ecg.rules.statements.rhythm import rhythm
from services.ecg.rules.statements.wording import say


def suggest(analysis: Analysis, patient: PatientContext) -> tuple[Suggestion, ...]:
    """Empty where nothing could be measured: no statement is made of noise."""
    m, limits = analysis.measurements, limits_of(patient)
    if m.heart_rate_bpm is None:
        if m.disorganised:
            return (say("74", "未检出 QRS 波，多个导联为 2–10 Hz 的大幅紊乱波"),)
        return ()
    found = [*rhythm(m, limits), *conduction(m, limits), *repolarization(m, patient, limits)]
    if [each.code for each in found] == ["20"]:
        found.append(say("1", "窦性心律，各项测量均在界限内"))
    return tuple(found)
