"""Leftover words of a template, one of the five obvious errors that the national radiology indicators count
(国卫办医政函〔2024〕150号)."""

import re
from collections.abc import Mapping

from shared.errors import FieldProblem

_LEFTOVERS = (
    re.compile(r"_{2,}|＿+"),
    re.compile(r"[【\[［{｛]\s*[】\]］}｝]"),
    re.compile(r"【[^】]*(?:请|选择|填写|待填|[/／|])[^】]*】"),
    re.compile(r"[xX×*＊]{2,}\s*(?:cm|mm|厘米|毫米|枚|个|级|类)"),
    re.compile(r"[?？]{3,}"),
    re.compile(r"<[^<>]*(?:请|选择|填写)[^<>]*>"),
)


def leftover_problems(texts: Mapping[str, str]) -> list[FieldProblem]:
    """``texts``: JSON pointer to what was written there."""
    found = []
    for pointer, text in texts.items():
        leftovers = [match.group() for pattern in _LEFTOVERS for match in pattern.finditer(text)]
        if leftovers:
            shown = "、".join(f"“{leftover[:20]}”" for leftover in dict.fromkeys(leftovers))
            found.append(FieldProblem(pointer, "placeholder_left", f"残留模板占位：{shown}"))
    return found
