"""What the reader and the clinic are told of a recording beside its samples."""

from collections.abc import Sequence

from services.ecg.parse.refusal import Remark
from services.ecg.rules.judged import Judged
from shared.clock import to_shanghai
from shared.events.case import CaseWarning

_REMARKS = {
    Remark.checksum_wrong: "心电文件校验和不符，波形已读出，请与心电图机核对",
    Remark.time_missing: "心电文件没有采集时间，请与申请单核对",
    Remark.scale_assumed: "心电文件未注明幅度单位，按常用单位解读，请核对定标",
    Remark.samples_missing: "心电文件部分波形缺失",
    Remark.leads_ignored: "心电文件含不认识的导联，未显示",
    Remark.charset_assumed: "心电文件未声明字符集，姓名等文字按机构默认字符集解读",
}


def warnings_of_recordings(judged: Sequence[Judged]) -> list[CaseWarning]:
    """Doubts of reading and of quality, each said once; of several recordings, with the time of the one it is about."""
    found: dict[tuple[str, str], CaseWarning] = {}
    for number, each in enumerate(judged, start=1):
        place = _place(number, each) if len(judged) > 1 else ""
        for remark in each.recording.remarks:
            text = _REMARKS.get(Remark(remark))
            if text:
                found.setdefault((remark, place), CaseWarning(code=str(remark), detail=place + text))
        for lead in each.quality.leads:
            if lead.text:  # a lead that its electrode explains says nothing of its own
                code = f"ecg_lead_{lead.verdict}"
                found.setdefault((code + lead.lead, place), CaseWarning(code=code, detail=place + lead.text))
        for fault in each.quality.faults:
            found.setdefault((fault.code, place), CaseWarning(code=f"ecg_{fault.code}", detail=place + fault.text))
        for critical in each.suspected:
            found.setdefault(
                (critical.code, place),
                CaseWarning(
                    code="critical_suspected", detail=f"{place}计算机提示危急值，未经医师确认：{critical.text}"
                ),
            )
    return list(found.values())


def _place(number: int, judged: Judged) -> str:
    at = judged.recording.recorded_at
    return f"{to_shanghai(at):%H:%M:%S} 采集的心电图：" if at else f"第 {number} 份心电图："
