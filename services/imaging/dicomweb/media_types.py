"""What a client accepts (PS3.18 8.3.3, RFC 9110 12.5.1): lists, q, parameters quoted or not, in any order.

``multipart/related; type="image/jls"; transfer-syntax=*`` and the same without quotes are one range of many.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import Request

from shared.errors import GongzhenError

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
AS_STORED = "*"
OCTETS = "application/octet-stream"
DICOM = "application/dicom"

_LONGEST = 4096


class NotAcceptable(GongzhenError):
    status = 406
    default_code = "not_acceptable"
    title = "没有可接受的媒体类型"


@dataclass(frozen=True, slots=True)
class MediaRange:
    """``kind`` in lower case; of a multipart range that of its parts is ``part``."""

    kind: str
    parameters: dict[str, str] = field(default_factory=dict)
    q: float = 1.0

    @property
    def is_multipart(self) -> bool:
        return self.kind == "multipart/related"

    @property
    def part(self) -> str:
        """The media type of the thing itself."""
        return self.parameters.get("type", "*/*").lower() if self.is_multipart else self.kind

    @property
    def transfer_syntax(self) -> str | None:
        return self.parameters.get("transfer-syntax")

    def takes(self, media_type: str) -> bool:
        """``image/*`` and ``image/`` take every image."""
        wanted, _, sub = self.part.partition("/")
        kind, _, subtype = media_type.partition("/")
        return wanted in ("*", kind) and sub in ("*", "", subtype)


ANYTHING = MediaRange("*/*")


def accepted(request: Request) -> list[MediaRange]:
    """The best first. The query parameter ``accept`` counts before the header (PS3.18 8.3.3.1)."""
    asked = request.query_params.get("accept") or ", ".join(request.headers.getlist("accept"))
    return parse_accept(asked)


def parse_accept(text: str) -> list[MediaRange]:
    """Nothing, or nothing that can be read, is ``*/*``: a header that other servers overlook must not end in 406."""
    ranges = [found for part in _split(text[:_LONGEST], ",") if (found := _range(part)) is not None]
    refused = [each for each in ranges if each.q == 0]
    usable = sorted((each for each in ranges if each.q > 0), key=lambda each: -each.q)
    return usable if usable or refused else [ANYTHING]


def first_of(ranges: Sequence[MediaRange], offered: Sequence[str]) -> str:
    """The offered type that is taken first, single or as part. Raises NotAcceptable, naming what there is."""
    for each in ranges:
        for media_type in offered:
            if each.takes(media_type):
                return media_type
    raise not_acceptable(offered)


def not_acceptable(offered: Sequence[str]) -> NotAcceptable:
    return NotAcceptable("可提供：" + "、".join(offered), extra={"offered": list(offered)})


def _range(text: str) -> MediaRange | None:
    kind, *rest = _split(text, ";")
    kind = kind.strip().lower()
    if "/" not in kind:
        return None
    parameters = {}
    for item in rest:
        name, equals, value = item.partition("=")
        if equals:
            parameters[name.strip().lower()] = _unquoted(value.strip())
    try:
        q = min(max(float(parameters.pop("q", "1")), 0.0), 1.0)
    except ValueError:
        q = 1.0
    return MediaRange(kind, parameters, q)


def _split(text: str, separator: str) -> list[str]:
    """At separators that stand in no quotes."""
    pieces, current = [], ""
    for item in re.finditer(r'"(?:[^"\\]|\\.)*"|.', text, re.DOTALL):
        if item.group() == separator:
            pieces.append(current)
            current = ""
        else:
            current += item.group()
    return [*pieces, current]


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
