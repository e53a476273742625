"""JSON that knows where it is: a value of the wrong kind is refused by its path, numbers stay as they were written."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Never

from services.lab.parse.message import RejectCode, Rejected


class Number(str):
    """The digits as sent: ``1.0`` is not ``1``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Node:
    path: str
    value: dict[str, Any]

    def text(self, name: str) -> str:
        value = self.value.get(name, "")
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return str(value)
        return refuse(f"{self.path}.{name}", "应为文本")

    def number(self, name: str) -> str:
        value = self.value.get(name, "")
        return str(value) if value == "" or isinstance(value, Number) else refuse(f"{self.path}.{name}", "应为数字")

    def child(self, name: str) -> "Node | None":
        value = self.value.get(name)
        if value is None:
            return None
        return (
            Node(f"{self.path}.{name}", value) if isinstance(value, dict) else refuse(f"{self.path}.{name}", "应为对象")
        )

    def children(self, name: str) -> Iterator["Node"]:
        values = self.value.get(name, [])
        if not isinstance(values, list):
            refuse(f"{self.path}.{name}", "应为数组")
        for place, value in enumerate(values):
            if not isinstance(value, dict):
                refuse(f"{self.path}.{name}[{place}]", "应为对象")
            yield Node(f"{self.path}.{name}[{place}]", value)

    @property
    def kind(self) -> str:
        return self.text("resourceType")


def refuse(path: str, fault: str) -> Never:
    raise Rejected(RejectCode.broken, f"{path} {fault}")


def read_json(raw: bytes) -> Node:
    """The root resource. Raises Rejected for what is no resource, or holds text that cannot be stored."""
    try:
        text = raw.decode("utf-8-sig")
        value = json.loads(text, parse_float=Number, parse_int=Number, parse_constant=_no_constant)
        storable = "\\u0000" not in text and ("\\u" not in text or bool(json.dumps(value, ensure_ascii=False).encode()))
    except (ValueError, RecursionError) as fault:
        raise Rejected(RejectCode.broken, "不是有效的 UTF-8 JSON") from fault
    if not storable or "\0" in text:
        raise Rejected(RejectCode.broken, "文本中含有不可存储的字符")
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise Rejected(RejectCode.broken, "resourceType 缺失，不是 FHIR 资源")
    return Node(value["resourceType"][:50], value)


def _no_constant(name: str) -> Never:
    raise ValueError(name)
