"""What the imaging centre needs to know beyond every centre's settings."""

from shared.resources import Resources
from shared.settings import CenterSettings


class ImagingSettings(CenterSettings):
    service: str = "imaging"


def settings_of(resources: Resources) -> ImagingSettings:
    """Raises TypeError when the process was opened with another service's settings."""
    if not isinstance(resources.settings, ImagingSettings):
        raise TypeError("the imaging centre runs on ImagingSettings")
    return resources.settings
