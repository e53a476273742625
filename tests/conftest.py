"""Fixtures of every test: real servers (tests/support/servers.py) and the corpus of real files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytest_plugins = ["tests.support.servers", "tests.support.region"]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real DICOM, ECG and HL7 files: named by ``GONGZHEN_CORPUS``, else sought beside the project."""
    named = os.environ.get("GONGZHEN_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "corpus"
    if not (folder / "INDEX.tsv").is_file():
        pytest.skip("没有样本文件集：请用 GONGZHEN_CORPUS 指明 / no corpus of real files: set GONGZHEN_CORPUS")
    return folder


@pytest.fixture(autouse=True)
def _own_umask() -> Iterator[None]:
    """A region's state folder narrows the process's umask: the next test must not inherit it."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
