"""UIDs that need no root of our own (PS3.5 B.2): the same name gives the same UID for ever."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("5b0ad6a4-30ea-5a43-a0b8-9b1d54a1f0c5")  # chosen once; another one changes every UID


def uid_of(name: str) -> str:
    """``2.25.`` and the decimal of a UUID version 5 of ``name``, such as ``study/case_01k…``."""
    return f"2.25.{uuid5(_NAMESPACE, name).int}"
