"""What a laboratory technologist writes and decides."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
ItemCode = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Acknowledged = Literal["result_missing", "result_preliminary"]
ALL_HOLDS = "*"
_MOST_ITEMS = 500


class ResultDecision(BaseModel):
    """``corrected`` puts ``value``, in the result's unit, in the place of what was measured; ``withhold`` keeps the
    result off the report. Both need their ``reason`` before the report is signed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    action: Literal["accept", "withhold", "corrected"] = "accept"
    value: _Line = ""
    reason: _Line = ""


class LabForm(BaseModel):
    """A draft may be empty. ``findings`` 形态学描述, ``impression`` 结果解释, ``technique`` 检验方法, ``comment`` 备注;
    ``positive`` 阳性, or None where nobody said.

    ``results``: only the items that do not stand as judged. ``accepted_holds``: items whose doubtful holds
    (``checks.NAMED_HOLDS``) the technologist looked at and lets pass, or ``*`` for all that the case holds now; other
    holds pass by his signature. ``hold_reasons`` why, by item.
    ``acknowledged``: doubts seen and stood by, such as a report that is only a part.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    comment: Words = ""
    impression: Words = ""
    findings: Words = ""
    technique: Words = ""
    positive: bool | None = None
    results: Annotated[dict[ItemCode, ResultDecision], Field(max_length=_MOST_ITEMS)] = {}
    accepted_holds: Annotated[list[ItemCode], Field(max_length=_MOST_ITEMS)] = []
    hold_reasons: Annotated[dict[ItemCode, _Line], Field(max_length=_MOST_ITEMS)] = {}
    acknowledged: Annotated[list[Acknowledged], Field(max_length=20)] = []

    def lets_pass(self, item: str) -> bool:
        return item in self.accepted_holds or ALL_HOLDS in self.accepted_holds
