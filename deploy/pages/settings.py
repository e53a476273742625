"""docs/settings.md: every GONGZHEN_* variable a service reads."""

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from deploy.pages.table import markdown_table
from services.ecg.settings import EcgSettings
from services.gateway.accounts.config import AccountSettings
from services.gateway.settings import GatewaySettings
from services.imaging.settings import ImagingSettings
from services.lab.settings import LabSettings
from shared.settings import Settings


def settings_page() -> str:
    text = "# Settings\n\nRead once when a process starts.\n\n## Every service\n\n" + _table(Settings, set())
    common = set(Settings.model_fields)
    for name, own in (
        ("imaging", ImagingSettings), ("ecg", EcgSettings), ("lab", LabSettings), ("gateway", GatewaySettings),
    ):  # fmt: skip
        if set(own.model_fields) - common:
            text += f"\n## {name}\n\n" + _table(own, common)
    text += "\n## gateway: keys and certificates\n\n" + _table(AccountSettings, set())
    return text


def _table(settings: type[BaseSettings], left_out: set[str]) -> str:
    rows = []
    for name, field in settings.model_fields.items():
        if name in left_out:
            continue
        default = "required" if field.default is PydanticUndefined else f"`{field.default}`"
        rows.append((f"`GONGZHEN_{name.upper()}`", default, field.description or ""))
    return markdown_table(("variable", "default", "meaning"), rows)
