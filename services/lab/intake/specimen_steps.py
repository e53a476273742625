"""A specimen's way as data: which step leads where, from where, and whose step it is. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from shared.auth import Role
from shared.errors import IllegalTransition


class Step(StrEnum):
    collected = "collected"
    packed = "packed"
    received = "received"
    refused = "refused"
    in_analysis = "in_analysis"
    stored = "stored"
    discarded = "discarded"


class Refusal(StrEnum):
    haemolysed = "haemolysed"
    clotted = "clotted"
    wrong_tube = "wrong_tube"
    too_little = "too_little"
    too_old = "too_old"
    unlabelled = "unlabelled"


REFUSALS = {
    Refusal.haemolysed: "溶血",
    Refusal.clotted: "凝块",
    Refusal.wrong_tube: "容器错误",
    Refusal.too_little: "标本量不足",
    Refusal.too_old: "超过送检时限",
    Refusal.unlabelled: "无标签或标签不清",
}

SPECIMEN_NAMES = {
    "blood": "静脉血",
    "arterial_blood": "动脉血",
    "serum": "血清",
    "plasma": "血浆",
    "urine": "尿液",
    "stool": "粪便",
    "swab": "拭子",
    "bone_marrow": "骨髓",
}


@dataclass(frozen=True, slots=True)
class Way:
    """``by``: a clinic takes and packs, the laboratory does the rest."""

    sources: frozenset[str]
    by: tuple[Role, ...]


_CLINIC = (Role.clinic, Role.integration)
_SITE = (Role.technologist, Role.reader)
_AT_SITE = frozenset({"received", "in_analysis", "resulted", "stored"})
WAYS = {
    Step.collected: Way(frozenset({"ordered"}), _CLINIC),
    Step.packed: Way(frozenset({"ordered", "collected"}), _CLINIC),
    Step.received: Way(frozenset({"ordered", "collected", "packed"}), _SITE),
    Step.refused: Way(frozenset({"ordered", "collected", "packed", "received", "in_analysis"}), _SITE),
    Step.in_analysis: Way(frozenset({"received", "resulted", "stored"}), _SITE),
    Step.stored: Way(frozenset({"received", "in_analysis", "resulted"}), _SITE),
    Step.discarded: Way(frozenset({"refused"}) | _AT_SITE, _SITE),
}


def require_way(state: str, step: Step) -> None:
    """Raises IllegalTransition, naming what would be possible."""
    if state not in WAYS[step].sources:
        possible = sorted(each for each, way in WAYS.items() if state in way.sources)
        raise IllegalTransition(
            "标本当前状态不允许此操作", extra={"state": state, "action": step, "possible": possible}
        )
