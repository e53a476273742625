"""Identifiers: a prefix that says what it names, then 26 characters that sort by the time of their making."""

import secrets
import time

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Return ``<prefix>_<ULID>``, only ``[a-z0-9_]`` so that it can stand in a NATS subject and a URL.

    48 bits of milliseconds, then 80 random bits (the ULID layout): unguessable enough not to be enumerated,
    sortable enough to page by.
    """
    value = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    return f"{prefix}_{encode_base32(value, 26)}"


def encode_base32(value: int, width: int) -> str:
    """Crockford base 32 in lower case, most significant first, padded to ``width`` characters."""
    characters = []
    for _ in range(width):
        characters.append(_CROCKFORD[value & 31])
        value >>= 5
    return "".join(reversed(characters))
