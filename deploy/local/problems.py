"""What keeps a region from starting, in one line that a person can act on."""


class CannotStart(Exception):
    """Shown on stderr as it is, without a traceback; the command then exits with 1."""
