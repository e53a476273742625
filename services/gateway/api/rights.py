"""Who may ask for lists. A single record is found first (404), then the role is asked for (403)."""

from shared.auth import Actor, Role

READING_ROLES = (Role.reader, Role.reviewer, Role.technologist, Role.dispatcher)
REPORT_ROLES = (*READING_ROLES, Role.clinic, Role.integration)


def require_reading(actor: Actor) -> None:
    actor.require(*READING_ROLES)


def require_reports(actor: Actor) -> None:
    actor.require(*REPORT_ROLES)
