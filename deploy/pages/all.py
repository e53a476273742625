"""Which pages there are."""

from pathlib import Path

from deploy.pages.errors import errors_page
from deploy.pages.events import events_page
from deploy.pages.lifecycle import lifecycle_page
from deploy.pages.settings import settings_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_NOTE = "<!-- Made by `make docs` from the code. Do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """File name under docs/ → text."""
    made = {
        "errors.md": errors_page(ROOT),
        "events.md": events_page(),
        "lifecycle.md": lifecycle_page(),
        "settings.md": settings_page(),
    }
    return {name: _NOTE + text for name, text in made.items()}
