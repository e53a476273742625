"""The demo's last words: a table of the cases and where their reports lie."""

from collections.abc import Sequence

from deploy.cli.sheet import sheet
from deploy.demo.story import Outcome

_HEAD = ("中心", "检查号", "检查", "优先级", "用时", "签名", "信任", "提示")
_PRIORITY = {"stat": "急", "urgent": "加急", "routine": "普通"}
_CENTER = {"imaging": "影像", "ecg": "心电", "lab": "检验"}
_TRUST = {"region": "区域证书", "development": "开发证书", "none": "不受信任"}


def table_of(outcomes: Sequence[Outcome]) -> str:
    files = (f"{outcome.accession_number}  {outcome.pdf}" for outcome in outcomes)
    return "\n".join([sheet(_HEAD, [_row(outcome) for outcome in outcomes]), "", *files])


def _row(outcome: Outcome) -> tuple[str, ...]:
    minutes, seconds = divmod(outcome.turnaround_s, 60)
    return (
        _CENTER[outcome.center],
        outcome.accession_number,
        outcome.exam,
        _PRIORITY[outcome.priority],
        f"{minutes}′{seconds:02d}″",
        "、".join(outcome.signers) if outcome.valid else "无效",
        _TRUST[outcome.trust],
        "、".join(outcome.warnings) or "—",
    )
