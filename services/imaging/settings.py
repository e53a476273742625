"""What the imaging centre needs to know beyond every centre's settings."""

from pydantic import Field

from shared.resources import Resources
from shared.settings import CenterSettings


class ImagingSettings(CenterSettings):
    service: str = "imaging"
    imaging_decoders: int = Field(default=2, ge=1, le=64, description="processes that decode and render pixels")
    imaging_decode_s: float = Field(default=30, gt=0, description="time to decode one frame or rewrite one file")
    upload_clinic_bytes: int = Field(
        default=32 << 30, ge=1 << 10, description="bytes of one clinic's resumable uploads under way, as announced"
    )
    upload_hours: int = Field(default=48, ge=1, description="how long a resumable upload waits for its next bytes")


def settings_of(resources: Resources) -> ImagingSettings:
    """Raises TypeError when the process was opened with another service's settings."""
    if not isinstance(resources.settings, ImagingSettings):
        raise TypeError("the imaging centre runs on ImagingSettings")
    return resources.settings
