"""What the ECG centre needs to know beyond every service's settings."""

from shared.settings import Settings


class EcgSettings(Settings):
    service: str = "ecg"
