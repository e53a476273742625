"""Whose laboratory a call is about."""

from shared.auth import Actor, Role
from shared.errors import RoleRequired

WORKS = (Role.technologist, Role.reader, Role.reviewer)
_READS = (*WORKS, Role.dispatcher)


def laboratory_of(actor: Actor, *roles: Role) -> str:
    """The actor's own organization. Raises RoleRequired unless he works in its laboratory, in one of ``roles`` (none
    given: any that may look)."""
    actor.require(*(roles or _READS))
    if actor.centers and "lab" not in actor.centers:
        raise RoleRequired(extra={"centers": ["lab"]})
    return actor.org_id
