"""Limits by age and sex. Adults: AHA/ACCF/HRS 2009 parts III and IV; children: Davignon A et al., Pediatr Cardiol
1979;1:123-131 (2nd and 98th percentiles), as later tables carry it."""

from dataclasses import dataclass

from services.ecg.rules.facts import PatientContext

ADULT_YEARS = 16.0
_DAY, _MONTH = 1 / 365.25, 1 / 12


@dataclass(frozen=True, slots=True)
class Limits:
    """Beats a minute, ms, degrees. ``axis``: lowest and highest that are usual."""

    rate: tuple[float, float]
    pr: tuple[float, float]
    qrs: float
    axis: tuple[float, float]
    qtc: float
    qtc_short: float = 350.0
    is_adult: bool = False


# Up to which age in years: rate, longest PR, widest QRS, axis.
_CHILDREN = (
    (1 * _DAY, (93, 154), 160, 75, (59, 192)),
    (3 * _DAY, (91, 159), 140, 70, (64, 197)),
    (7 * _DAY, (90, 166), 140, 70, (77, 187)),
    (30 * _DAY, (107, 182), 140, 80, (65, 160)),
    (3 * _MONTH, (121, 179), 130, 80, (31, 114)),
    (6 * _MONTH, (106, 186), 150, 80, (7, 104)),
    (1.0, (109, 169), 160, 80, (6, 99)),
    (3.0, (89, 151), 150, 80, (7, 101)),
    (5.0, (73, 137), 160, 80, (6, 104)),
    (8.0, (65, 133), 160, 80, (10, 139)),
    (12.0, (62, 130), 170, 90, (6, 116)),
    (ADULT_YEARS, (60, 119), 180, 100, (9, 128)),
)
_CHILD_SHORTEST_PR = 80.0
_QTC = {"M": 450.0, "F": 460.0, "": 460.0}  # AHA/ACCF/HRS 2009 part IV


def limits_of(patient: PatientContext) -> Limits:
    """An unknown age is an adult's."""
    if patient.age_years is not None and patient.age_years < ADULT_YEARS:
        for until, rate, pr, qrs, axis in _CHILDREN:
            if patient.age_years < until:
                return Limits((float(rate[0]), float(rate[1])), (_CHILD_SHORTEST_PR, pr), qrs, axis, _QTC[""])
    return Limits((60, 100), (120, 200), 120, (-30, 90), _QTC[patient.sex], is_adult=True)
