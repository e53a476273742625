"""A headless browser before a region, for as long as one scene lasts; each scene is a file in scenes/."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PATIENCE_S = 60
_SCENE_S = 240
_FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@dataclass(frozen=True, slots=True)
class Programs:
    node: str
    chromium: str


def find_programs() -> Programs | None:
    node = shutil.which("node")
    chromium = next((found for name in _CHROMIUMS if (found := shutil.which(name))), None)
    return Programs(node, chromium) if node and chromium else None


def draws(chromium: str) -> bool:
    """Whether it runs here at all and has WebGL, which the viewer needs."""
    asked = "p.textContent=!!document.createElement('canvas').getContext('webgl2')"
    page = f"data:text/html,<p id=p></p><script>{asked}</script>"
    with tempfile.TemporaryDirectory() as profile:
        words = [chromium, "--headless", f"--user-data-dir={profile}", *_FLAGS, "--dump-dom", page]
        try:
            shown = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE_S, check=False).stdout
        except subprocess.TimeoutExpired:
            return False
    return '<p id="p">true</p>' in shown


@dataclass(frozen=True, slots=True)
class Played:
    """``seen``: what the scene tells. Of all its pages: ``answers`` (status, method, path) of the region, ``refused``
    those of 400 and more, ``broken`` requests without an answer, ``errors`` of the console, ``elsewhere`` what was
    asked of other origins.
    """

    seen: dict[str, Any]
    answers: list[str]
    refused: list[str]
    broken: list[str]
    errors: list[str]
    elsewhere: list[str]

    @property
    def complaints(self) -> list[str]:
        return [*self.refused, *self.broken, *self.errors, *self.elsewhere]


@dataclass(frozen=True, slots=True)
class Stage:
    """``served``: folders by the path of the region's origin at which its front door would serve them."""

    programs: Programs
    playwright: Path
    pictures: Path
    served: dict[str, Path] = field(default_factory=dict)

    def play(self, scene: str, origin: str, username: str, password: str, **needed: object) -> Played:
        """Raises AssertionError with the browser's words when the scene does not come to its end."""
        asked = {
            "scene": scene,
            "origin": origin,
            "account": {"username": username, "password": password},
            "chromium": self.programs.chromium,
            "flags": _FLAGS,
            "playwright": str(self.playwright),
            "served": {base: str(folder) for base, folder in self.served.items()},
            "picture": str(self.pictures / f"{scene}-{username}.png"),
            "patience_ms": _PATIENCE_S * 1000,
            **needed,
        }
        done = subprocess.run(
            [self.programs.node, str(_HERE / "stage.mjs")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=_SCENE_S,
            check=False,
        )
        assert done.returncode == 0, f"{scene}: {done.stderr[-3000:]}"
        return Played(**json.loads(done.stdout))
