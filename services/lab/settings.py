"""What the laboratory centre needs to know beyond every service's settings."""

from pydantic import Field

from shared.resources import Resources
from shared.settings import CenterSettings


class LabSettings(CenterSettings):
    service: str = "lab"
    upload_max_bytes: int = Field(default=64 << 20, ge=1 << 10, description="bytes of one upload, all files together")
    upload_max_files: int = Field(default=200, ge=1, description="files of one upload")
    lab_listen_host: str = Field(default="127.0.0.1", description="address on which analyzers are listened to")
    lab_mllp_port: int = Field(default=0, ge=0, le=65535, description="port for HL7 over MLLP; 0: none")
    lab_astm_port: int = Field(default=0, ge=0, le=65535, description="port for ASTM over TCP; 0: none")
    lab_laboratory: str = Field(default="", description="organization id of the laboratory whose analyzers those are")
    lab_charset: str = Field(default="gb18030", description="of senders that declare none and have no setting")


def settings_of(resources: Resources) -> LabSettings:
    """Raises TypeError when the process was opened with another service's settings."""
    if not isinstance(resources.settings, LabSettings):
        raise TypeError("the laboratory centre runs on LabSettings")
    return resources.settings
