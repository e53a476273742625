"""Rules of the repository that no tool knows: small files, no trace of one machine, lock files without addresses."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 500
LOCK_FILES = ("requirements.lock", "requirements-dev.lock")

# Built from parts, so that this file does not break its own rule.
_PLACES = re.compile("|".join(f"(?<![\\w./-])/{name}/" for name in ("work", "root", "Users", "home/[a-z]")))
_REGISTRIES = re.compile(
    "|".join((r"files\.python" + r"hosted\.org", r"py" + r"pi\.org/simple", r"registry\.npm" + "js"))
)


def tracked_files() -> list[Path]:
    """What git tracks, or would if added: a file is judged before it is committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    """ "" for what is not text."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("不是 git 检出 / not a git checkout")
    found = tracked_files()
    assert ROOT / "pyproject.toml" in found
    return found


def test_no_file_is_longer_than_its_noun_needs(files: list[Path]) -> None:
    sources = [file for file in files if file.suffix in {".py", ".js", ".css", ".html", ".typ", ".md", ".sql"}]
    long = {str(file.relative_to(ROOT)): lines for file in sources if (lines := text_of(file).count("\n")) > MAX_LINES}
    assert long == {}


def test_no_path_of_one_machine(files: list[Path]) -> None:
    found = {str(file.relative_to(ROOT)) for file in files if _PLACES.search(text_of(file))}
    assert found == set()


def test_no_registry_is_named(files: list[Path]) -> None:
    found = {str(file.relative_to(ROOT)) for file in files if _REGISTRIES.search(text_of(file))}
    assert found == set()


@pytest.mark.parametrize("text", ["see /" + "work/notes", '"/' + 'root/.cache"', "/" + "Users/somebody"])
def test_the_rule_on_paths_finds_them(text: str) -> None:
    assert _PLACES.search(text)


@pytest.mark.parametrize("text", ["https://example.test" + "/work" + "/1", "shared" + "/work" + "/x", "./root/x"])
def test_the_rule_on_paths_spares_others(text: str) -> None:
    assert not _PLACES.search(text)


@pytest.mark.parametrize("name", LOCK_FILES)
def test_lock_files_pin_by_hash_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    pins = re.findall(r"^[a-z0-9][^\s=]*==\S+", text, re.MULTILINE)
    assert len(pins) > 30
    unhashed = [block for block in re.split(r"\n(?=[a-z0-9])", text.strip()) if "--hash=sha256:" not in block]
    assert unhashed == []


def test_the_gate_runs_checks_and_tests() -> None:
    gate = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "make lint" in gate
    assert "make test" in gate
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100
