"""Where a signature is shown on a sheet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Page from 0; edges in points from the page's lower left corner."""

    page: int
    left: float
    bottom: float
    right: float
    top: float
