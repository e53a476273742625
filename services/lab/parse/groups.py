"""Lines of one specimen, gathered while a message is read and joined at its end, in time linear in the message."""

from dataclasses import dataclass, field, replace

from services.lab.parse.message import ResultLine, SpecimenGroup


@dataclass
class Gathered:
    """``line_comments``: by the place of the line they follow."""

    lines: list[ResultLine] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    line_comments: dict[int, list[str]] = field(default_factory=dict)

    def finished_lines(self) -> tuple[ResultLine, ...]:
        for place, texts in self.line_comments.items():
            self.lines[place] = replace(self.lines[place], comments=(*self.lines[place].comments, *texts))
        self.line_comments = {}
        return tuple(self.lines)

    def comment_on_last(self, text: str) -> None:
        self.line_comments.setdefault(len(self.lines) - 1, []).append(text)


def joined(parts: list[SpecimenGroup]) -> SpecimenGroup:
    """Of one specimen: the facts of the first that has them, the lines of all in their order."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        lines=tuple(line for part in parts for line in part.lines),
        requested_codes=tuple(dict.fromkeys(code for part in parts for code in part.requested_codes)),
        comments=tuple(comment for part in parts for comment in part.comments),
        specimen_type=next((part.specimen_type for part in parts if part.specimen_type), ""),
        collected_at=next((part.collected_at for part in parts if part.collected_at), None),
    )
