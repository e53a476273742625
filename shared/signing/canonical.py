"""One byte form of a JSON value, so that the same statement always has the same digest."""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def canonical_bytes(document: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON by RFC 8785 (sorted names, no spaces, ECMAScript numbers).

    Raises ValueError for what JSON cannot carry: NaN, infinities, whole numbers beyond 2**53, lone surrogates.
    """
    return rfc8785.dumps(dict(document))


def digest(canonical: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits, the form of every ``sha256`` field and blob reference."""
    return hashlib.sha256(canonical).hexdigest()
