"""Passwords and keys of a region's own servers: random, made once, kept in one file that only its owner reads."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ADMIN = "gongzhen_admin"


@dataclass(frozen=True, slots=True)
class Secrets:
    """``postgres`` and ``nats`` map a user's name to a password; both hold ADMIN besides the services."""

    postgres: dict[str, str]
    nats: dict[str, str]
    nats_encryption_key: str

    @property
    def postgres_admin(self) -> str:
        return self.postgres[ADMIN]

    @classmethod
    def generate(cls, services: Iterable[str]) -> Self:
        names = [ADMIN, *services]
        return cls({name: _random() for name in names}, {name: _random() for name in names}, _random())

    @classmethod
    def load_or_create(cls, file: Path, services: Iterable[str]) -> Self:
        """What the file says; a service that it does not know yet is given its passwords and the file is rewritten."""
        fresh = cls.generate(services)
        if file.exists():
            kept = json.loads(file.read_text("utf-8"))
            fresh = cls(fresh.postgres | kept["postgres"], fresh.nats | kept["nats"], kept["nats_encryption_key"])
        fresh._write(file)
        return fresh

    def _write(self, file: Path) -> None:
        """Whole or not at all: a lost key of the message store would make every stored message unreadable."""
        content = {"postgres": self.postgres, "nats": self.nats, "nats_encryption_key": self.nats_encryption_key}
        draft = file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)


def _random() -> str:
    return secrets.token_hex(24)
