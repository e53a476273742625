"""Person names (PS3.5 6.2, PN): up to three groups (alphabetic=ideographic=phonetic) of up to five components."""

from dataclasses import dataclass

_CHINESE = ("\u3400", "\u9fff")


@dataclass(frozen=True, slots=True)
class PersonName:
    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""

    @property
    def text(self) -> str:
        """As the data set has it, trailing empty groups left out."""
        return "=".join((self.alphabetic, self.ideographic, self.phonetic)).rstrip("=")

    @property
    def display(self) -> str:
        """``Zhang^San=张^三`` → ``张三``; ``Zhang^San`` → ``Zhang San``."""
        for group in (self.ideographic, self.alphabetic, self.phonetic):
            shown = _shown(group)
            if shown:
                return shown
        return ""

    def to_json(self) -> dict[str, str]:
        """PS3.18 F.2.2; only the groups that hold something.

        A name that has no alphabetic group shows there too: viewers (OHIF) read no other, and would show a patient
        without a name.
        """
        groups = {
            "Alphabetic": self.alphabetic or self.ideographic,
            "Ideographic": self.ideographic,
            "Phonetic": self.phonetic,
        }
        return {name: group for name, group in groups.items() if group}


def parse_person_name(text: str) -> PersonName:
    """Empty trailing components go, and padding around each; nothing else is altered."""
    groups = [_tidy(group) for group in text.split("=", 2)]
    return PersonName(*groups)


def has_chinese(text: str) -> bool:
    return any(_CHINESE[0] <= c <= _CHINESE[1] or c >= "\U00020000" for c in text)


def _tidy(group: str) -> str:
    return "^".join(part.strip() for part in group.split("^")).rstrip("^")


def _shown(group: str) -> str:
    family, given, middle, prefix, suffix, *_ = (*group.split("^"), "", "", "", "", "")
    parts = [part for part in (prefix, family, given, middle, suffix) if part]
    return ("" if has_chinese(group) else " ").join(parts)
