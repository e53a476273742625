"""The factors of our own table against ucumvert (MIT) on pint: every UCUM unit that both know, by dimension."""

from fractions import Fraction
from itertools import groupby

import pytest

from services.lab.catalogue.units import UNITS

ucumvert = pytest.importorskip("ucumvert")

OURS_ALONE = {"feu", "ph", "high_power_field", "clearance"}
"""Annotations and counts without a size: there is nothing to compare."""


def test_every_factor_is_that_of_ucum() -> None:
    registry = ucumvert.PintUcumRegistry()
    units = sorted((unit for unit in UNITS.values() if unit.dimension not in OURS_ALONE), key=lambda one: one.dimension)
    compared = 0
    for _, group in groupby(units, key=lambda one: one.dimension):
        first, *others = group
        for unit in others:
            theirs = (1 * registry.from_ucum(unit.ucum)).to((1 * registry.from_ucum(first.ucum)).units).magnitude
            ratio = theirs / (1 * registry.from_ucum(first.ucum)).magnitude
            assert ratio == pytest.approx(float(Fraction(unit.factor) / first.factor), rel=1e-6), unit.ucum
            compared += 1
    assert compared >= 70
