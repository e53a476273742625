"""``python -m tests.browser.packages``: what browser tests need from npm, fetched once into ``.tools/browser``.

Single tarballs, pinned by packages.json: ``npm ci`` would want the hundreds that OHIF was built from, of which
some were never published, and run their scripts. What is used of the three lies ready in the tarballs.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "browser"
_PINS = Path(__file__).with_name("packages.json")
_FETCH_S = 300


class NotFetched(RuntimeError):
    """No npm, no registry, or other bytes than those pinned."""


@dataclass(frozen=True, slots=True)
class Package:
    """``integrity``: ``sha512-<base64>`` of the tarball, as npm writes it."""

    name: str
    version: str
    integrity: str

    @property
    def folder(self) -> Path:
        """Named by the version: another pin is fetched anew."""
        return TOOLS / f"{self.name.replace('/', '+')}-{self.version}"


def pinned() -> dict[str, Package]:
    pins = json.loads(_PINS.read_text())
    return {name: Package(name, pin["version"], pin["integrity"]) for name, pin in pins.items()}


def fetch(package: Package) -> None:
    """Does nothing for one that is there. Raises NotFetched."""
    if package.folder.is_dir():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("未安装 npm / npm is not installed")
    TOOLS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as place:
        words = [npm, "pack", "--silent", "--pack-destination", place, f"{package.name}@{package.version}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_FETCH_S, check=False)
        tarballs = list(Path(place).glob("*.tgz"))
        if done.returncode or len(tarballs) != 1:
            raise NotFetched(f"npm pack {package.name}@{package.version}: {done.stderr[-500:]}")
        _require_integrity(package, tarballs[0])
        with tarfile.open(tarballs[0]) as archive:
            members = [member for member in archive if not _is_left_out(member.name)]
            archive.extractall(place, members, filter="data")
        (Path(place) / "package").rename(package.folder)


def _require_integrity(package: Package, tarball: Path) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise NotFetched(f"{package.name}@{package.version} is not what packages.json pins: {found}")


def _is_left_out(name: str) -> bool:
    """Of OHIF's 204 MB: the ONNX runtime for its segmentation models, and what maps bundles to their sources."""
    return name.startswith("package/dist/ort/") or name.endswith(".map")


def main() -> int:
    """1 where something is missing; the tests that need it are skipped with the same word."""
    for package in pinned().values():
        try:
            fetch(package)
        except (NotFetched, subprocess.TimeoutExpired) as problem:
            print(f"浏览器测试将跳过 / browser tests will be skipped: {problem}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
