"""The name of stored bytes, as rows and events keep it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.ids import new_id

_KEY = re.compile(r"(?:(?P<prefix>[a-z][a-z0-9]+)/)?[0-9a-z]/[0-9a-z]/blob_[0-9a-z]{26}")
_PREFIX = re.compile(r"(?!tmp$)[a-z][a-z0-9]+")
_TEXT = re.compile(r"(?P<store>[a-z][a-z0-9_]*):(?P<key>[^@]+)@(?P<offset>\d+)\+(?P<length>\d+)#(?P<sha256>.+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BlobRef:
    """``length`` bytes at ``offset`` of object ``key`` in ``store``; ``sha256`` is theirs, in hexadecimal.

    Several refs share one object when an upload was written as a pack.
    """

    store: str
    key: str
    offset: int
    length: int
    sha256: str

    def __post_init__(self) -> None:
        if self.offset < 0 or self.length < 0 or not _SHA256.fullmatch(self.sha256):
            raise ValueError("not a blob reference")
        require_key(self.key)

    def to_dict(self) -> dict[str, str | int]:
        return {
            "store": self.store,
            "key": self.key,
            "offset": self.offset,
            "length": self.length,
            "sha256": self.sha256,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            store=str(values["store"]),
            key=str(values["key"]),
            offset=int(values["offset"]),
            length=int(values["length"]),
            sha256=str(values["sha256"]),
        )

    def __str__(self) -> str:
        """``imaging:k/7/blob_01k…@0+512#<sha256>``; ``parse`` reads it back."""
        return f"{self.store}:{self.key}@{self.offset}+{self.length}#{self.sha256}"

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError("not a blob reference")
        return cls.from_dict(match.groupdict())


def new_key(prefix: str = "") -> str:
    """A name that nobody guesses. ``prefix`` says who wrote it, in a store that several services share."""
    return key_of(new_id("blob"), prefix)


def key_of(name: str, prefix: str = "") -> str:
    """In one of 1,024 folders, so that no folder of a full store grows out of hand; each for 17 minutes in 12 days.

    What is written one after the other lies in one folder: a new folder costs three writes of its own to be durable.
    """
    key = f"{name[9]}/{name[10]}/{name}"
    return f"{prefix}/{key}" if prefix else key


def require_prefix(prefix: str) -> str:
    if prefix and not _PREFIX.fullmatch(prefix):
        raise ValueError("not a prefix of keys")
    return prefix


def require_key(key: str) -> str:
    """Refuse what ``new_key`` did not make: a key becomes a path, and ``../`` must never reach a file system."""
    if not is_key(key):
        raise ValueError("not a key of this store")
    return key


def is_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None


def is_key_of(prefix: str, key: str) -> bool:
    """Whether ``new_key(prefix)`` may have made it."""
    match = _KEY.fullmatch(key)
    return match is not None and (match["prefix"] or "") == prefix
