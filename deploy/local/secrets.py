"""Passwords and keys of a region's own servers: random, made once, kept in one file that only its owner reads."""

import base64
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

ADMIN = "gongzhen_admin"


@dataclass(frozen=True, slots=True)
class Secrets:
    """``postgres`` and ``nats`` map a user's name to a password; both hold ADMIN besides the services.

    ``grants`` maps a service to what seals its signing grants; ``pin_pepper`` stands beside every signing PIN and
    ``keys_secret`` seals the gateway's private keys: with either lost, every signing key has to be made anew.
    """

    postgres: dict[str, str]
    nats: dict[str, str]
    nats_encryption_key: str
    grants: dict[str, str]
    pin_pepper: str
    keys_secret: str

    @property
    def postgres_admin(self) -> str:
        return self.postgres[ADMIN]

    @classmethod
    def generate(cls, services: Iterable[str]) -> Self:
        names = [ADMIN, *services]
        return cls(
            postgres={name: _random() for name in names},
            nats={name: _random() for name in names},
            nats_encryption_key=_random(),
            grants={name: _random_key() for name in names},
            pin_pepper=_random(),
            keys_secret=_random_key(),
        )

    @classmethod
    def load_or_create(cls, file: Path, services: Iterable[str]) -> Self:
        """What the file says; a service that it does not know yet is given its passwords and the file is rewritten."""
        fresh = cls.generate(services)
        if file.exists():
            kept = json.loads(file.read_text("utf-8"))
            fresh = cls(
                postgres=fresh.postgres | kept["postgres"],
                nats=fresh.nats | kept["nats"],
                nats_encryption_key=kept["nats_encryption_key"],
                grants=fresh.grants | kept["grants"],
                pin_pepper=kept["pin_pepper"],
                keys_secret=kept["keys_secret"],
            )
        fresh._write(file)
        return fresh

    def _write(self, file: Path) -> None:
        """Whole or not at all: a lost key of the message store would make every stored message unreadable."""
        draft = file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)


def _random() -> str:
    return secrets.token_hex(24)


def _random_key() -> str:
    """32 bytes in base64, as the services' AES-256 keys are configured."""
    return base64.b64encode(secrets.token_bytes(32)).decode("ascii")
