"""What the laboratory centre needs to know beyond every service's settings."""

from shared.settings import Settings


class LabSettings(Settings):
    service: str = "lab"
