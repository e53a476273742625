"""ASTM E1394 (CLSI LIS2-A2) text to records, by the delimiters that H-2 names."""

import re
from dataclasses import dataclass

from services.lab.parse.message import RejectCode, Rejected

RECORD = re.compile(r"[HPORCQMSL](?:\W|\Z)")


@dataclass(frozen=True, slots=True)
class AstmDelimiters:
    field: str = "|"
    repeat: str = "\\"
    component: str = "^"
    escape: str = "&"

    @classmethod
    def of_header(cls, line: str) -> tuple["AstmDelimiters", tuple[str, ...]]:
        """H-1 and H-2. Where they are not four different signs the standard's are used, remark
        ``delimiters_assumed``."""
        if len(line) < 2 or line[1].isalnum():
            raise Rejected(RejectCode.broken, "H 记录的分隔符无法识别")
        signs = line[2:].split(line[1], maxsplit=1)[0]
        if len(signs) >= 3 and len(set(line[1] + signs[:3])) == 4 and not any(sign.isalnum() for sign in signs[:3]):
            return cls(line[1], *signs[:3]), ()
        return cls(line[1]), ("delimiters_assumed",)

    def unescape(self, text: str) -> str:
        """``&F& &S& &R& &E& &X0D&``, named as the standard names them."""
        if text.count(self.escape) < 2:
            return text
        sign = re.escape(self.escape)
        return re.sub(f"{sign}([^{sign}]{{1,200}}){sign}", self._plain, text)

    def _plain(self, found: "re.Match[str]") -> str:
        letters = {"F": self.field, "S": self.component, "R": self.repeat, "E": self.escape}
        if found[1] in letters:
            return letters[found[1]]
        if found[1][0] == "X":
            try:
                return bytes.fromhex(found[1][1:]).decode("latin-1").replace("\0", "")
            except ValueError:
                return found[0]
        return found[0]

    def escaped(self, text: str) -> str:
        letters = {self.escape: "E", self.field: "F", self.component: "S", self.repeat: "R"}
        return "".join(
            f"{self.escape}{letters[sign]}{self.escape}" if sign in letters else sign if sign.isprintable() else " "
            for sign in text
        )


class Record:
    """``record[3]`` is field 3, counted from 1 as the standard does: field 1 is the record's letter."""

    __slots__ = ("delimiters", "fields", "kind")

    def __init__(self, line: str, delimiters: AstmDelimiters) -> None:
        self.fields = line.split(delimiters.field)
        self.kind = line[:1]
        self.delimiters = delimiters

    def __getitem__(self, number: int) -> str:
        return self.fields[number - 1] if number <= len(self.fields) else ""

    def text(self, number: int) -> str:
        return self.delimiters.unescape(self[number]).strip()

    def repeats(self, number: int) -> list[str]:
        return [each for each in self[number].split(self.delimiters.repeat) if each.strip()]

    def parts(self, number: int) -> list[str]:
        """Components of the first repeat."""
        return self.parts_of(self[number].split(self.delimiters.repeat)[0])

    def parts_of(self, repeat: str) -> list[str]:
        return [self.delimiters.unescape(part).strip() for part in repeat.split(self.delimiters.component)]


def split_records(text: str) -> list[str]:
    """Lines by CR, CRLF or LF; what begins no record goes on with the one before."""
    lines: list[str] = []
    for part in text.replace("\r\n", "\r").replace("\n", "\r").split("\r"):
        line = part.strip("\v\x1c\ufeff")
        if RECORD.match(line):
            lines.append(line)
        elif line.strip() and lines:
            lines[-1] += line
        elif line.strip():
            raise Rejected(RejectCode.broken, "ASTM 报文应以 H 记录开始")
    return lines
