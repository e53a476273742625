"""HL7 v2 text to segments, fields and components, by the separators that MSH-1 and MSH-2 name.

The header, which decides how everything after it is read, goes through the ``hl7`` package. The rest is split here:
the package builds a tree of every component at 0.7 ms a kilobyte, 4 s for 5 MB, knows CR alone, and its unescape writes
what it cannot read (a patient's words) to the log. A test compares the two field by field.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

import hl7
from hl7.exceptions import HL7Exception

from services.lab.parse.message import RejectCode, Rejected

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?:[^\w\s]|\Z)")
_BEFORE_MSH = " \t\v\f\x1c\x1d\ufeff"
_BREAKS = {
    ".br": "\n",
    ".sp": "\n",
    ".ce": "\n",
    ".in": "",
    ".ti": "",
    ".fi": "",
    ".nf": "",
    ".sk": " ",
    "H": "",
    "N": "",
}


@dataclass(frozen=True)
class Delimiters:
    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @classmethod
    def of_header(cls, line: str) -> "Delimiters":
        """``line`` begins with MSH, BHS or FHS. Raises Rejected where its separators cannot separate."""
        try:
            plan = hl7.parser.create_parse_plan(line + line[3:4])
        except (HL7Exception, IndexError) as fault:
            raise Rejected(RejectCode.broken, "MSH-1、MSH-2 分隔符无法识别") from fault
        _, field, repetition, component, subcomponent = plan.separators[:5]
        signs = (field, component, repetition, plan.esc, subcomponent)
        if len(set(signs)) < 5 or any(sign.isalnum() or sign.isspace() for sign in signs):
            raise Rejected(RejectCode.broken, "MSH-1、MSH-2 分隔符重复或为字母数字")
        return cls(*signs)

    @property
    def msh2(self) -> str:
        return self.component + self.repetition + self.escape + self.subcomponent

    @cached_property
    def _sequence(self) -> "re.Pattern[str]":
        sign = re.escape(self.escape)
        return re.compile(f"{sign}([^{sign}\n]{{0,2000}}){sign}")

    def unescape(self, text: str, charset: str = "utf-8") -> str:
        """``\\F\\ \\S\\ \\T\\ \\R\\ \\E\\ \\X0D\\ \\.br\\``. An unknown sequence stays as it is: nothing is lost."""
        if self.escape not in text:
            return text
        return self._sequence.sub(lambda found: self._plain(found, charset), text)

    def _plain(self, found: "re.Match[str]", charset: str) -> str:
        name = found[1]
        letters = {"F": self.field, "S": self.component, "T": self.subcomponent, "R": self.repetition, "E": self.escape}
        if name in letters:
            return letters[name]
        if name[:1] == "X":
            try:
                return bytes.fromhex(name[1:]).decode(charset).replace("\0", "")
            except ValueError:
                return found[0]
        return _BREAKS.get(name if name in ("H", "N") else name.rstrip("+-0123456789"), found[0])

    def escaped(self, text: str) -> str:
        """For a field that is written; control characters become blanks, line breaks ``\\.br\\``."""
        names = {self.escape: "E", self.field: "F", self.component: "S", self.subcomponent: "T", self.repetition: "R"}
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        written = (
            f"{self.escape}{names[sign]}{self.escape}" if sign in names
            else f"{self.escape}.br{self.escape}" if sign == "\n" else sign if sign.isprintable() else " "
            for sign in text
        )  # fmt: skip
        return "".join(written)


class Segment:
    """``segment[5]`` is field 5 as sent (MSH: the separators are fields 1 and 2); an absent field is empty."""

    __slots__ = ("charset", "delimiters", "fields", "name")

    def __init__(self, line: str, delimiters: Delimiters, charset: str) -> None:
        self.fields = line.split(delimiters.field)
        self.name = self.fields[0]
        if self.name in ("MSH", "BHS", "FHS"):
            self.fields.insert(1, delimiters.field)
        self.delimiters = delimiters
        self.charset = charset

    def __getitem__(self, number: int) -> str:
        return self.fields[number] if number < len(self.fields) else ""

    def text(self, number: int) -> str:
        """The whole field unescaped, its components still separated."""
        return self.plain(self[number])

    def repetitions(self, number: int) -> list[str]:
        value = self[number]
        return value.split(self.delimiters.repetition) if value else []

    def components(self, number: int) -> list[str]:
        """All of the first repetition, unescaped, as many as were sent."""
        signs = self.delimiters
        value = self[number]
        first = value.split(signs.repetition, 1)[0] if signs.repetition in value else value
        return [self.plain(part) for part in first.split(signs.component)]

    def part(self, number: int, component: int = 1, subcomponent: int = 0) -> str:
        """Of the first repetition, unescaped; subcomponent 0 is the whole component (texts hold a bare ``&``)."""
        value = self[number]
        if not value:
            return ""
        return self.part_of(value.split(self.delimiters.repetition, 1)[0], component, subcomponent)

    def part_of(self, repetition: str, component: int, subcomponent: int = 0) -> str:
        parts = repetition.split(self.delimiters.component)
        if component > len(parts):
            return ""
        value = parts[component - 1]
        if subcomponent:
            pieces = value.split(self.delimiters.subcomponent)
            value = pieces[subcomponent - 1] if subcomponent <= len(pieces) else ""
        return self.plain(value)

    def plain(self, value: str) -> str:
        """``""`` is HL7's "there is none"."""
        if not value or value == '""':
            return ""
        return (self.delimiters.unescape(value, self.charset) if self.delimiters.escape in value else value).strip()


def delimiters_of(header: str) -> Delimiters:
    return _delimiters(header[: header.find(header[3:4], 4) + 1] or header[:16])


@lru_cache(maxsize=64)
def _delimiters(signs: str) -> Delimiters:
    return Delimiters.of_header(signs)


def split_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Segments by CR, CRLF or LF. A line that begins no segment goes on with the one before (a LF inside a text), an
    ADD segment with the last field of the one before it (HL7 2.10.2)."""
    lines: list[list[str]] = []
    remarks: list[str] = []
    for part in text.replace("\r\n", "\r").replace("\n", "\r").split("\r"):
        line = part.lstrip(_BEFORE_MSH)
        if not line.rstrip(_BEFORE_MSH):
            continue
        if line.startswith("ADD") and _SEGMENT.match(line) and lines:
            lines[-1].append(line[4:])
        elif _SEGMENT.match(line):
            lines.append([line.rstrip("\v\x1c\x1d")])
        elif lines:
            lines[-1].append("\n" + part)
            remarks.append("line_continued")
    return ["".join(line) for line in lines], tuple(dict.fromkeys(remarks))
