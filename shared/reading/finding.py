"""What was found, by a computer's rule or by a reader."""

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` is the centre's own word for the kind (``K_HIGH``, ``TENSION_PNEUMOTHORAX``), ``text`` what the clinic
    is told. ``value`` and ``unit`` where it is one result. ``rule``, ``rule_set``: which rule of which version raised
    it, from ``numbers``. ``key`` tells findings of one code apart; without it, text and value do."""

    code: str
    text: str
    value: str | None = None
    unit: str | None = None
    rule: str | None = None
    rule_set: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    key: str | None = None

    @property
    def digest(self) -> str:
        said = self.key if self.key is not None else "\x1f".join((self.text, self.value or "", self.unit or ""))
        return hashlib.sha256(said.encode()).hexdigest()
