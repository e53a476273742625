"""docs/settings.md: every GONGZHEN_* variable a service reads."""

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from deploy.pages.table import markdown_table
from services.ecg.settings import EcgSettings
from services.gateway.accounts.config import AccountSettings
from services.gateway.settings import GatewaySettings
from services.imaging.settings import ImagingSettings
from services.lab.settings import LabSettings
from shared.settings import CenterSettings, Settings


def settings_page() -> str:
    text = "# Settings\n\nRead once when a process starts.\n\n## Every service\n\n" + _table(Settings, set())
    text += "\n## Every centre\n\n" + _table(CenterSettings, set(Settings.model_fields))
    for name, own, base in (
        ("imaging", ImagingSettings, CenterSettings), ("ecg", EcgSettings, CenterSettings),
        ("lab", LabSettings, CenterSettings), ("gateway", GatewaySettings, Settings),
    ):  # fmt: skip
        told = {field for field in base.model_fields if field == "service" or _is_same(own, base, field)}
        if set(own.model_fields) - told:
            text += f"\n## {name}\n\n" + _table(own, told)
    text += "\n## gateway: keys and certificates\n\n" + _table(AccountSettings, set())
    return text


def _is_same(own: type[BaseSettings], base: type[BaseSettings], field: str) -> bool:
    """Told with the base already; a default of its own is told again."""
    return field in own.model_fields and own.model_fields[field].default == base.model_fields[field].default


def _table(settings: type[BaseSettings], left_out: set[str]) -> str:
    rows = []
    for name, field in settings.model_fields.items():
        if name in left_out:
            continue
        default = "required" if field.default is PydanticUndefined else f"`{field.default}`"
        rows.append((f"`GONGZHEN_{name.upper()}`", default, field.description or ""))
    return markdown_table(("variable", "default", "meaning"), rows)
