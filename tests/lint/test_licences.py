"""No GPL and no AGPL among what a region runs on: its licence must not reach the hospitals' own programs."""

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
_WEAK = re.compile(r"LGPL|Lesser General|MPL|Mozilla", re.IGNORECASE)


def pinned() -> list[str]:
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)


def licence_of(package: str) -> str:
    """The SPDX expression, else the classifiers, else the free text, of an installed package; "" when it says none."""
    about = metadata.metadata(package)
    if "License-Expression" in about:
        return about["License-Expression"]
    classified = [line.split("::")[-1].strip() for line in about.get_all("Classifier") or [] if "License ::" in line]
    return " AND ".join(classified) or "".join(about.get_all("License") or []).strip().split("\n")[0]


def is_installed(package: str) -> bool:
    """Some are pinned for other systems only."""
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def is_copyleft(licence: str) -> bool:
    """An "A OR B" leaves us the choice."""
    return all(_COPYLEFT.search(choice) and not _WEAK.search(choice) for choice in re.split(r"\bOR\b", licence))


def test_every_runtime_package_says_its_licence() -> None:
    present = [package for package in pinned() if is_installed(package)]
    assert len(present) > 30
    assert [package for package in present if not licence_of(package)] == []


def test_no_runtime_package_is_gpl() -> None:
    found = {package: licence_of(package) for package in pinned() if is_installed(package)}
    assert {package: licence for package, licence in found.items() if is_copyleft(licence)} == {}


def test_the_rule_tells_them_apart() -> None:
    assert is_copyleft("GPL-3.0-or-later")
    assert is_copyleft("GNU Affero General Public License v3")
    assert not is_copyleft("LGPL-3.0-or-later")
    assert not is_copyleft("MIT OR GPL-2.0-only")
    assert not is_copyleft("PostgreSQL AND Apache-2.0")
