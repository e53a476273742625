"""What the imaging centre needs to know beyond every service's settings."""

from pydantic import Field

from shared.resources import Resources
from shared.settings import Settings


class ImagingSettings(Settings):
    service: str = "imaging"
    upload_max_bytes: int = Field(default=4 << 30, ge=1 << 10, description="bytes of one upload, all files together")
    upload_max_files: int = Field(default=20_000, ge=1, description="files of one upload, those in a ZIP included")
    quarantine_days: int = Field(default=30, ge=1, description="how long refused files are kept")
    quarantine_file_max_bytes: int = Field(default=256 << 20, ge=0, description="larger refused files: digest only")
    quarantine_files_per_upload: int = Field(default=100, ge=1, description="refused files kept of one upload")
    quarantine_clinic_bytes: int = Field(
        default=2 << 30, ge=0, description="bytes of refused files kept of one clinic; the oldest beyond go"
    )
    orphan_hours: int = Field(default=24, ge=1, description="age at which stored bytes that no row names are dropped")


def settings_of(resources: Resources) -> ImagingSettings:
    """Raises TypeError when the process was opened with another service's settings."""
    if not isinstance(resources.settings, ImagingSettings):
        raise TypeError("the imaging centre runs on ImagingSettings")
    return resources.settings
