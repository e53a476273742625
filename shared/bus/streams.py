"""The region's streams: one a service, the compacted directory, the dead letters."""

from dataclasses import dataclass

_DAY_S = 24 * 3600.0
_MIB = 1 << 20

DIRECTORY = "DIRECTORY"
DEAD_LETTERS = "DEADLETTER"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What an operator may set. All streams at the default sizes reserve 3.6 GiB of the server's file store.

    The consumers' inbox is kept longer than ``max_age_s``; ``duplicate_window_s`` is how long a relay may take to
    find out that its last publish did arrive.
    """

    replicas: int = 1
    max_age_s: float = 30 * _DAY_S
    dead_letter_age_s: float = 90 * _DAY_S
    duplicate_window_s: float = 3600.0
    center_bytes: int = 1024 * _MIB
    gateway_bytes: int = 128 * _MIB
    directory_bytes: int = 256 * _MIB
    dead_letter_bytes: int = 256 * _MIB


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """``owner`` is the service that may change its limits; a compacted stream keeps the last of each subject."""

    name: str
    subject: str
    owner: str
    max_bytes: int
    max_age_s: float
    is_compacted: bool = False


def plan_streams(limits: StreamLimits) -> list[StreamSpec]:
    centers = [
        StreamSpec(center.upper(), f"{center}.>", center, limits.center_bytes, limits.max_age_s)
        for center in ("imaging", "ecg", "lab")
    ]
    return [
        *centers,
        StreamSpec("GATEWAY", "gateway.>", "gateway", limits.gateway_bytes, limits.max_age_s),
        StreamSpec(DIRECTORY, "directory.>", "gateway", limits.directory_bytes, 0.0, is_compacted=True),
        StreamSpec(DEAD_LETTERS, "deadletter.>", "gateway", limits.dead_letter_bytes, limits.dead_letter_age_s),
    ]


def matches(pattern: str, subject: str) -> bool:
    """NATS wildcards: ``*`` is one token, a last ``>`` one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted, is_long_enough = wanted[:-1], len(given) >= len(wanted)
        given = given[: len(wanted)]
        if not is_long_enough:
            return False
    return len(wanted) == len(given) and all(want in ("*", token) for want, token in zip(wanted, given, strict=True))
