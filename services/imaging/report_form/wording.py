"""One of the five obvious errors that the national radiology indicators count (国卫办医政函〔2024〕150号): a side or an
organ that the patient's order contradicts. Another, leftover words of a template, every centre shares."""

import re
from collections.abc import Mapping

from shared.errors import FieldProblem

_SIDES = {"L": ("左", "右"), "R": ("右", "左")}
_SIDE_WORDS = {"左": "左侧", "右": "右侧"}
_ONLY_FEMALE = re.compile(r"子宫|卵巢|输卵管|阴道|宫颈")
_ONLY_MALE = re.compile(r"前列腺|精囊|睾丸|附睾|阴茎")


def contradiction_problems(texts: Mapping[str, str], *, laterality: str | None, sex: str | None) -> list[FieldProblem]:
    """Words, not grammar: the impression names the other side and never the ordered one, or an organ the sex lacks."""
    found = []
    if laterality in _SIDES:
        ordered, other = _SIDES[laterality]
        impression = texts["/impression"]
        if other in impression and ordered not in impression and "双" not in impression:
            detail = f"申请部位为{_SIDE_WORDS[ordered]}，诊断仅提到{_SIDE_WORDS[other]}，请核对侧别"
            found.append(FieldProblem("/impression", "laterality_contradiction", detail))
    foreign = {"M": _ONLY_FEMALE, "F": _ONLY_MALE}.get(sex or "")
    if foreign:
        for pointer, text in texts.items():
            organ = foreign.search(text)
            if organ:
                detail = f"报告提到“{organ.group()}”，与患者性别不符，请核对"
                found.append(FieldProblem(pointer, "sex_contradiction", detail))
    return found
