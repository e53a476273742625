"""A county's list of critical ECGs as data: ``data/<name>@<version>.json``."""

import json
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_FOLDER = files("services.ecg.rules.critical") / "data"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NumberCondition(_Strict):
    """A field of Measurements, or ``qtc_ms`` (Bazett's from 60 to 100 beats a minute, Fridericia's beyond)."""

    kind: Literal["number"]
    name: str
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None


class SuggestedCondition(_Strict):
    """One of the statements (statements/wording.py) was suggested."""

    kind: Literal["suggested"]
    codes: list[str]


class ElevationCondition(_Strict):
    """The J point of two neighbouring leads, µV: ``v1_v3`` there, ``others`` elsewhere."""

    kind: Literal["st_elevation"]
    v1_v3_uv: float
    others_uv: float


class TallTCondition(_Strict):
    kind: Literal["tall_t"]
    chest_uv: float
    leads: int


class NoBeatsCondition(_Strict):
    """No QRS in at least ``seconds`` of a recording whose electrodes hold: an arrest until somebody has looked."""

    kind: Literal["no_beats"]
    seconds: float


Condition = Annotated[
    NumberCondition | SuggestedCondition | ElevationCondition | TallTCondition | NoBeatsCondition,
    Field(discriminator="kind"),
]


class Item(_Strict):
    """``any_of``: lists of conditions; one list whose conditions all hold is a suspicion. Empty: what only a reader
    can see, listed so that he can choose it."""

    code: str
    text: str
    any_of: list[list[Condition]] = []
    note: str = ""


class RuleSet(_Strict):
    name: str
    version: str
    title: str
    source: str
    published: str
    effective_from: date | None = Field(default=None, strict=False)
    items: list[Item]

    @property
    def key(self) -> str:
        return f"{self.name}@{self.version}"


@cache
def rule_sets() -> dict[str, RuleSet]:
    """All that this version ships, by key."""
    loaded = [RuleSet.model_validate(json.loads(each.read_text("utf-8"))) for each in _FOLDER.iterdir()
              if each.name.endswith(".json")]  # fmt: skip
    return {each.key: each for each in sorted(loaded, key=lambda one: one.key)}


def rule_set(key: str) -> RuleSet:
    """Raises ValueError naming those there are: a centre must not start on a list that is not there."""
    known = rule_sets()
    if key not in known:
        raise ValueError(f"no list of critical ECGs {key!r}; there are: {', '.join(known)}")
    return known[key]
