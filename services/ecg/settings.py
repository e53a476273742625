"""What the ECG centre needs to know beyond every service's settings."""

from pydantic import Field, field_validator

from services.ecg.rules.critical.rule_set import rule_set
from shared.resources import Resources
from shared.settings import CenterSettings


class EcgSettings(CenterSettings):
    service: str = "ecg"
    upload_max_bytes: int = Field(default=128 << 20, ge=1 << 10, description="bytes of one upload, all files together")
    upload_max_files: int = Field(default=60, ge=1, description="files of one upload")
    ecg_critical_rules: str = Field(
        default="national@2017", description="the list of critical ECGs the county has chosen, with its version"
    )
    ecg_judges: int = Field(default=2, ge=1, le=32, description="processes that read and measure uploads")
    ecg_judge_s: float = Field(default=30.0, gt=0, description="seconds an upload may take to be read and measured")

    @field_validator("ecg_critical_rules")
    @classmethod
    def _is_a_list_we_have(cls, key: str) -> str:
        """A centre that found this out while judging would refuse every upload."""
        return rule_set(key).key


def settings_of(resources: Resources) -> EcgSettings:
    """Raises TypeError when the process was opened with another service's settings."""
    if not isinstance(resources.settings, EcgSettings):
        raise TypeError("the ECG centre runs on EcgSettings")
    return resources.settings
