"""OHIF as a region would put it at ``/viewer/`` of its front door: the published bundle, moved below that path."""

import re
import shutil
import tempfile
from pathlib import Path

from tests.browser.packages import TOOLS, Package

BASE = "/viewer/"
_CONFIG = Path(__file__).with_name("app-config.js")


def install_viewer(ohif: Package) -> Path:
    """The folder to serve at BASE; with our app-config.js in place of the one that names a public demo server."""
    folder = TOOLS / f"viewer-{ohif.version}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=TOOLS) as place:
            made = Path(place) / "viewer"
            shutil.copytree(ohif.folder / "dist", made)
            _move_below_base(made)
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another run was quicker
                    raise
    shutil.copyfile(_CONFIG, folder / "app-config.js")
    return folder


def _move_below_base(folder: Path) -> None:
    """The bundle was built for ``/``: its chunks, its styles' pictures and its page name it."""
    scripts = sum(_edit(path, r'__webpack_require__\.p = "/"', f'__webpack_require__.p = "{BASE}"') for path in folder.glob("*.js"))  # fmt: skip  # noqa: E501
    if not scripts:
        raise ValueError("this OHIF names its public path otherwise: its chunks would not be found")
    for path in folder.glob("*.css"):
        _edit(path, r"url\(/(?!/)", f"url({BASE}")
    page = folder / "index.html"
    _edit(page, r'(src|href|content)="/', rf'\1="{BASE}')
    _edit(page, r'window\.PUBLIC_URL="/"', f'window.PUBLIC_URL="{BASE}"')


def _edit(path: Path, pattern: str, replacement: str) -> int:
    text, count = re.subn(pattern, replacement, path.read_text("utf-8"))
    if count:
        path.write_text(text, "utf-8")
    return count
